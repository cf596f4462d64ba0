"""The one exchange of a one-time key for a token.

Source: Next's page on access tokens. The first exchange uses the key up, whoever hears the answer; the token lives
until the key is deleted in Next. So this is sent once, and whoever wants to try again has to decide that.
"""

from dataclasses import dataclass, field
from typing import Final

from invoice_mcp.clock import Clock
from invoice_mcp.errors import OutcomeUnknown, Unauthorized
from invoice_mcp.net import LostAnswer, Refusal, origin_of, post_form_once
from invoice_mcp.settings import AccountSettings

MAX_TOKEN: Final = 4000

_LOST: Final = "Next's answer was lost: the key may be used up, and the token that came of it is not known."
_LOOK: Final = (
    "Nothing is sent again. Ask the user to look in Next whether the key was used; if so, delete it there and make "
    "another one."
)


@dataclass(frozen=True, slots=True)
class OneTimeKey:
    """What is exchanged: a key of the database of this number, by the client of this id, if there is one."""

    database: str
    key: str = field(repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)


async def exchange(account: AccountSettings, given: OneTimeKey, clock: Clock) -> str:
    """The token.

    Raises:
        ConfigError: `base_url` is not one to call.
        Unauthorized: the key is not accepted.
        OutcomeUnknown: whether it was used up is not known.
        InvoiceError: nothing reached Next; the key is as it was.
    """
    form = {
        "grant_type": "password",
        "username": given.database,
        "password": given.key,
        "scope": "",
        "client_id": given.client_id,
        "client_secret": given.client_secret,
    }
    try:
        reply = await post_form_once(
            origin_of(account), ("token",), form, account=account.name, timeout_s=account.timeout_s, clock=clock
        )
    except LostAnswer:
        raise OutcomeUnknown(_LOST, next=_LOOK) from None
    except (Refusal, Unauthorized):
        raise Unauthorized(
            "Next does not accept this key: it is mistyped, of another database, or was used before.",
            next="Check the database's number; if it is right, delete the key in Next and make another one.",
        ) from None
    match reply.json:
        case {"access_token": str(token)} if token.isascii() and token.isprintable() and 0 < len(token) <= MAX_TOKEN:
            return token
        case _:
            raise OutcomeUnknown(_LOST, next=_LOOK)
