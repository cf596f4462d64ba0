"""The words and shapes the six tools are published with, as data: titles, descriptions, hints, output schemas.

They are kept together because a model reads them together, and because together they have to fit one budget.
Nothing in them depends on an account, an invoice or the time.
"""

from typing import Any, Final

from invoice_mcp.tools.definition import Hints

TITLES: Final[dict[str, str]] = {
    "search_invoices": "Search invoices",
    "get_invoice": "Get invoice",
    "create_invoice": "Create invoice",
    "register_payment": "Register payment",
    "send_reminder": "Send reminders",
    "change_phase": "Change phase",
}

DESCRIPTIONS: Final[dict[str, str]] = {
    "search_invoices": (
        "Find sales invoices and credit notes in all accounts at once, with totals per currency: who owes what, what "
        "is late, what was paid. Whatever incomplete names is missing from rows and totals: say so. Never changes "
        "anything."
    ),
    "get_invoice": (
        "One invoice in full: parties, lines, VAT, payments, reminders, and in can what may be done with it now. "
        "Use before a write. Never changes anything."
    ),
    "create_invoice": (
        "Draft an invoice or credit note, or edit a draft. Never sends it: that is change_phase sent. A system "
        "without drafts opens it at once, after confirmation. Unless exactly one buyer matches, it answers candidates "
        "and writes nothing."
    ),
    "register_payment": (
        "Record money already received for an issued invoice, or take a recorded payment back. Never moves money. "
        "Overpayment, drafts and credit notes are refused before any write."
    ),
    "send_reminder": (
        "Remind buyers to pay, only when the user asks for it. One receipt per ref: sent, queued, or skipped with the "
        "reason. Address and text are those on file, never yours. Sent does not mean received."
    ),
    "change_phase": (
        "Send, schedule, cancel, write off, pause or resume an invoice. Already there: nothing changes. cancelled "
        "deletes a draft and credits a sent invoice in full. Never pays: that is register_payment."
    ),
}

READS: Final = Hints(read_only=True, destructive=False, idempotent=True, open_world=True)
"""Reading. The world is open although only configured accounts are asked: strangers wrote what comes back."""

HINTS: Final[dict[str, Hints]] = {
    "search_invoices": READS,
    "get_invoice": READS,
    "create_invoice": Hints(read_only=False, destructive=False, idempotent=False, open_world=True),
    "register_payment": Hints(read_only=False, destructive=True, idempotent=False, open_world=True),
    "send_reminder": Hints(read_only=False, destructive=True, idempotent=False, open_world=True),
    "change_phase": Hints(read_only=False, destructive=True, idempotent=True, open_world=True),
}

_TEXT: Final = {"type": "string"}
_LIST: Final = {"type": "array"}
_OBJECT: Final = {"type": "object"}
_OUTCOME: Final = {"enum": ["done", "preview", "replayed"]}


def _answer(required: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}


OUTPUTS: Final[dict[str, dict[str, Any]]] = {
    "search_invoices": _answer(
        ["as_of", "columns"],
        as_of=_TEXT,
        columns=_LIST,
        rows=_LIST,
        totals=_LIST,
        next_cursor=_TEXT,
        incomplete=_LIST,
    ),
    "get_invoice": _answer(["ref", "status"], ref=_TEXT, status=_TEXT, payable_amount=_TEXT, can=_OBJECT),
    "create_invoice": _answer(["outcome"], outcome=_OUTCOME, invoice=_OBJECT),
    "register_payment": _answer(["outcome"], outcome=_OUTCOME, payment=_OBJECT, before=_OBJECT, after=_OBJECT),
    "send_reminder": _answer(["receipts"], receipts=_LIST),
    "change_phase": _answer(["outcome"], outcome=_OUTCOME, changed={"type": "boolean"}, invoice=_OBJECT),
}
"""What can be relied on in each answer. Other properties come as they apply; an empty list is left out."""
