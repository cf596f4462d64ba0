"""What keeps an account out of its system, told by the first harmless question: each mistake in its own words.

A vendor's sentences are read where nothing else tells two mistakes apart, and never passed on.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from invoice_mcp.errors import InvoiceError, NotFound, Unauthorized, VendorContract, VendorUnavailable
from invoice_mcp.net import ClientNotAccepted, NotAccepted

T = TypeVar("T")


def _never(_body: Any) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Access:
    """How a vendor lets an account in.

    `keys` are the account's keys that hold what lets it in, `made_in` is where a person makes them anew, `ends` how
    what was right stops being so, by the vendor's own word. `urls` are the keys of its addresses: with two, tokens
    come from the second. `lacks_scope` tells from the body of a 401 whether the credentials are right and do not allow
    enough; `scope` says what.
    """

    vendor: str
    keys: tuple[str, ...]
    made_in: str
    ends: tuple[str, ...] = ("revoked", "expired")
    scope: str = ""
    lacks_scope: Callable[[Any], bool] = _never
    urls: tuple[str, ...] = ("base_url",)


class NotLetIn(Unauthorized):
    """The credentials are not accepted, and the vendor does not tell why."""

    def __init__(self, access: Access, account: str) -> None:
        keys = _named(access.keys, account)
        why = _either(("mistyped", *access.ends))
        super().__init__(
            f"{access.vendor} does not accept {keys}: {why}; it does not tell which.",
            next=f"Copy it again, or make a new one in {access.made_in}.",
        )
        self._access = access
        self._account = account

    def since(self, day: dt.date) -> Unauthorized:
        """What it means for an account that was last let in on `day`."""
        access = self._access
        keys = _named(access.keys, self._account)
        return Unauthorized(
            f"{access.vendor} let account {self._account} in on {day} and does not any more. "
            f"Unless {keys} changed since: {_either(access.ends)}.",
            next=_anew(access),
        )


async def asked(question: Callable[[], Awaitable[T]], access: Access, account: str) -> T:
    """The answer to `question`, the first that the system of `account` is asked.

    Raises:
        InvoiceError: what is wrong with the account, by the keys of its configuration.
    """
    try:
        return await question()
    except InvoiceError as error:
        raise _explained(error, access, account) from None


def _explained(error: InvoiceError, access: Access, account: str) -> InvoiceError:
    keys = _named(access.keys, account)
    urls = _named(access.urls, account)
    match error:
        case NotAccepted(json=body) if access.lacks_scope(body):
            return _too_little(access, keys)
        case ClientNotAccepted(lacks_scope=True):
            return _too_little(access, keys)
        case NotAccepted() if len(access.urls) > 1:
            return Unauthorized(
                f"{access.vendor} gave account {account} a token and does not accept it.",
                next=f"Check {urls}: one may be of the vendor's test environment and the other not.",
            )
        case NotAccepted(expired=True) | ClientNotAccepted(expired=True):
            return Unauthorized(f"{access.vendor} says that {keys} expired.", next=_anew(access))
        case NotAccepted() | ClientNotAccepted():
            return NotLetIn(access, account)
        case NotFound():
            return VendorContract(
                f"Where account {account} leads, something answers that is not {access.vendor}.",
                next=f"Check {urls}; without it the vendor's own address is used.",
            )
        case VendorUnavailable():
            return VendorUnavailable(
                error.message,
                next=f"Check {urls} and this machine's connection; if both are right, {access.vendor} is out of order.",
                retry_after_s=error.retry_after_s,
            )
    return error


def _too_little(access: Access, keys: str) -> Unauthorized:
    return Unauthorized(
        f"{access.vendor} knows {keys}, which is not allowed {access.scope}.",
        next=f"Make one that is in {access.made_in}, and put it in the place of the other.",
    )


def _anew(access: Access) -> str:
    return f"Make a new one in {access.made_in}, and put it in the place of the other."


def _either(words: Sequence[str]) -> str:
    *before, last = words
    return f"{', '.join(before)} or {last}" if before else last


def _named(keys: tuple[str, ...], account: str) -> str:
    return " and ".join(f"accounts.{account}.{key}" for key in keys)
