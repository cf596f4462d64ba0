"""Where the ledger's mail may go: to an address that a person has accepted, before or in the very write that mails."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from invoice_mcp.domain.invoice import Party
from invoice_mcp.errors import PolicyRefused
from invoice_mcp.storage import ledger_writes as sql

if TYPE_CHECKING:
    import apsw

ACCEPTS: Final = "accepts_address"
"""In the body of a step: whoever agrees to it accepts the recipient, whom only a tool call vouches for."""


def addressed(buyer: Party, recipient: str) -> dict[str, Any]:
    """The part of a step's body that says where its mail goes."""
    return {"recipient": recipient} | ({} if buyer.email_confirmed else {ACCEPTS: True})


def let_mail_go(connection: "apsw.Connection", head: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """Check that the mail of a step may go where it says; with `ACCEPTS` the address is accepted from here on.

    Raises:
        PolicyRefused: it is not the address on file, or nobody has accepted it.
    """
    found = sql.buyer_by_id(connection, head["buyer_id"])
    buyer = None if found is None else found[1]
    accepted = buyer is not None and (buyer.email_confirmed or body.get(ACCEPTS) is True)
    if buyer is None or buyer.email != body["recipient"] or not accepted:
        raise PolicyRefused(
            "Mail goes only to the address on file, once a person has accepted it.",
            next="Look at the buyer with get_invoice, then call again.",
        )
    if not buyer.email_confirmed:
        sql.confirm_buyer_address(connection, head["buyer_id"])
