"""What keeps an account out of its system, told by the first harmless question: each mistake in its own words.

A vendor's sentences are read where nothing else tells two mistakes apart, and never passed on.
"""

from collections.abc import Awaitable, Callable
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

    `keys` are the account's keys that hold what lets it in, `made_in` is where a person makes them anew. `urls` are the
    keys of its addresses: with two, tokens come from the second. `lacks_scope` tells from the body of a 401 whether the
    credentials are right and do not allow enough; `scope` says what.
    """

    vendor: str
    keys: tuple[str, ...]
    made_in: str
    scope: str = ""
    lacks_scope: Callable[[Any], bool] = _never
    urls: tuple[str, ...] = ("base_url",)


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
        case NotAccepted() | ClientNotAccepted():
            return Unauthorized(
                f"{access.vendor} does not accept {keys}: mistyped, revoked or expired; it does not tell which.",
                next=f"Copy it again, or make a new one in {access.made_in}.",
            )
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


def _named(keys: tuple[str, ...], account: str) -> str:
    return " and ".join(f"accounts.{account}.{key}" for key in keys)
