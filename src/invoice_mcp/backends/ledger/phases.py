"""change_phase on the ledger: compare and set."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from invoice_mcp.backends.base import Plan, Step, Write
from invoice_mcp.backends.ledger import documents, drafts
from invoice_mcp.backends.ledger.addresses import ACCEPTS, addressed, let_mail_go
from invoice_mcp.backends.ledger.book import Book, Effect, Moment, OwedMail, owed_id
from invoice_mcp.backends.ledger.capabilities import PHASES
from invoice_mcp.backends.ledger.heads import head_of, invoice_of, status_of, unchanged
from invoice_mcp.backends.ledger.numbering import next_number
from invoice_mcp.backends.ledger.seller import missing_identifiers, missing_keys
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.domain.money import Money
from invoice_mcp.domain.phases import cannot_become
from invoice_mcp.domain.requests import ChangePhase
from invoice_mcp.domain.status import Kind, Phase
from invoice_mcp.errors import Conflict, InvalidRequest, OutcomeUnknown, PolicyRefused, Unsupported
from invoice_mcp.mail.message import is_address
from invoice_mcp.storage import ledger_mails as mails
from invoice_mcp.storage import ledger_writes as sql

if TYPE_CHECKING:
    import apsw

_THERE: Final[Mapping[Phase, Callable[[Mapping[str, Any]], bool]]] = {
    Phase.SENT: lambda head: head["state"] == "issued",
    Phase.DUBIOUS: lambda head: head["dubious_on"] is not None,
    Phase.UNCOLLECTIBLE: lambda head: head["uncollectible_on"] is not None,
    Phase.CANCELLED: lambda head: head["state"] == "cancelled",
    Phase.PAUSED: lambda head: bool(head["paused"]),
    Phase.RESUMED: lambda head: head["state"] == "issued" and not head["paused"] and head["dubious_on"] is None,
}

_FINAL: Final = {
    Phase.SENT: "It gets its number; from then on it can be credited, not edited or deleted.",
    Phase.UNCOLLECTIBLE: "It is given up as uncollectible; only a payment that still comes in lifts that.",
}


def plan(connection: "apsw.Connection", book: Book, write: Write, moment: Moment) -> Plan:
    """The one step that moves the invoice; no step when it is there already.

    Raises:
        Unsupported: no such phase in this book.
        Conflict: not possible from where the invoice stands, or not the expected status.
        PolicyRefused: the seller's details are missing.
        OutcomeUnknown: the invoice is issued, and whether its mail left cannot be told.
    """
    request = write.request
    assert isinstance(request, ChangePhase)
    phase = _phase(request.phase)
    head = head_of(connection, write.invoice_id)
    invoice = invoice_of(connection, book, head["id"], moment.today)
    there = _THERE[phase](head)
    if not there:
        _check_expected(request, invoice)
        _check_possible(phase, invoice)
    body: dict[str, Any] = {"phase": phase.value}
    if phase is Phase.SENT:
        if there and not _still_to_mail(connection, request, head):
            return Plan(steps=(), before=invoice)
        _check_seller(book)
        if not there:
            next_number(connection, book, head, moment)
            _check_credit(connection, head)
        body |= {"deliver": request.deliver}
        if request.deliver == "email":
            body |= addressed(invoice.buyer, _recipient(invoice.buyer))
    elif there:
        return Plan(steps=(), before=invoice)
    elif phase is Phase.CANCELLED and head["state"] == "issued":
        _check_seller(book)
        _check_cancellable(connection, head)
    before = {"invoice": head["id"], "version": head["version"]}
    step = Step(1, "POST", f"/invoices/{head['id']}/phase", body, before, write.identity)
    return Plan(
        steps=(step,),
        before=invoice,
        warnings=missing_identifiers(invoice, book.seller) if phase is Phase.SENT and not there else (),
        final=_final(phase, head, there),
        recipient=body.get("recipient"),
        unconfirmed=ACCEPTS in body,
        amount=Money(abs(invoice.tax_inclusive_amount), invoice.currency),
    )


def makes_document(step: Step) -> bool:
    """Whether carrying this step out may make a document."""
    return step.body.get("phase") == Phase.SENT.value


def perform(connection: "apsw.Connection", book: Book, step: Step, moment: Moment) -> Effect:
    """Move the invoice.

    Raises:
        Conflict: the invoice changed since the plan was made, or its number cannot be given.
    """
    head = unchanged(connection, step.before["invoice"], step.before["version"])
    before = status_of(connection, head["id"], moment.today)
    phase = Phase(step.body["phase"])
    was_there = _THERE[phase](head)
    result: dict[str, Any] = {"changed": not was_there}
    mail = None
    if phase is Phase.SENT:
        if not was_there:
            _issue(connection, book, head, moment)
        documents.keep(connection, book, head, moment)
        mail = _send(connection, book, head, step.body, moment)
        result["delivery"] = _delivery(book, step.body)
    elif phase is Phase.CANCELLED and head["state"] == "issued":
        credit_note = _credit_in_full(connection, book, head, moment)
        result["credit_note"] = f"{book.account}:{credit_note}"
    elif phase is Phase.CANCELLED:
        sql.set_state(connection, head["seq"], "cancelled", moment.at)
    else:
        sql.set_marks(connection, head["seq"], _marks(phase, head, moment), moment.at)
    after = status_of(connection, head["id"], moment.today)
    result |= {"from": before.value, "to": after.value}
    if not was_there:
        sql.insert_phase(connection, head["seq"], phase.value, (result["from"], result["to"]), moment.at)
    return Effect(head["seq"], head["id"], result, mail)


def _phase(label: str) -> Phase:
    if label in PHASES:
        return Phase(label)
    raise Unsupported(
        "This account has no such phase.",
        next="Use one of " + ", ".join(PHASES) + "; for paid, register_payment.",
        field="phase",
    )


def _check_expected(request: ChangePhase, invoice: Invoice) -> None:
    if request.expected_status is not None and request.expected_status != invoice.status:
        raise Conflict(
            f"The invoice is {invoice.status}, not {request.expected_status}.",
            next="Look at it with get_invoice; call again if the change is still wanted.",
            field="expected_status",
        )


def _check_possible(phase: Phase, invoice: Invoice) -> None:
    if phase in invoice.can.phases:
        return
    if phase is Phase.CANCELLED and invoice.paid_amount != 0:
        raise Conflict(
            "Payments stand on this invoice, so it cannot be cancelled.",
            next="Take them back first (register_payment with undo_payment_id), or credit it with create_invoice.",
            field="phase",
        )
    raise cannot_become(phase, invoice, invoice.can.phases)


def _check_seller(book: Book) -> None:
    missing = missing_keys(book.seller)
    if missing:
        raise PolicyRefused(
            "An invoice needs the seller's name, address and IBAN before it can be sent.",
            next=f"Set accounts.{book.account}.seller in the configuration: {', '.join(missing)}.",
        )


def _recipient(buyer: Party) -> str:
    if buyer.email is None or not is_address(buyer.email):
        raise InvalidRequest(
            "No e-mail address that mail can be sent to is on file for this buyer.",
            next="Use deliver manual and hand the invoice over yourself.",
            field="deliver",
        )
    return buyer.email


def _still_to_mail(connection: "apsw.Connection", request: ChangePhase, head: Mapping[str, Any]) -> bool:
    """Whether an issued invoice is asked to be mailed and no mail of it has left.

    Raises:
        OutcomeUnknown: one may have left.
    """
    outcomes = mails.mailed_outcomes(connection, head["seq"])
    if request.deliver != "email" or outcomes & {"sent", "queued"}:
        return False
    if outcomes & {"pending", "unknown"}:
        raise OutcomeUnknown(
            "The invoice is issued; whether the mail with it left is not known, and it is not sent again.",
            next="Ask the person to look into the mail server's log, and to hand the invoice over if it did not leave.",
        )
    return True


def _check_credit(connection: "apsw.Connection", head: Mapping[str, Any]) -> None:
    if head["credits_seq"] is not None:
        credited = head_of(connection, sql.invoice_id_of(connection, head["credits_seq"]))
        total = drafts.total_of(head)
        drafts.check_left_to_credit(connection, credited, total)


def _check_cancellable(connection: "apsw.Connection", head: Mapping[str, Any]) -> None:
    if sql.credited_total(connection, head["seq"]) != 0:
        raise Conflict(
            "Part of this invoice is credited already, so it cannot be cancelled as a whole.",
            next="Credit the rest: create_invoice with kind credit_note, copy_of and the remaining lines.",
        )


def _issue(connection: "apsw.Connection", book: Book, head: Mapping[str, Any], moment: Moment) -> None:
    numbering = next_number(connection, book, head, moment)
    sql.issue(
        connection,
        head["seq"],
        {
            "number": numbering.number,
            "number_year": numbering.year,
            "number_index": numbering.index,
            "issue_date": numbering.issue_date.isoformat(),
            "due_date": numbering.due_date.isoformat(),
            "payment_reference": numbering.payment_reference,
            "at": moment.at,
        },
    )
    sql.write_text(connection, head["seq"])
    if head["kind"] == Kind.CREDIT_NOTE and head["credits_seq"] is not None:
        apply_credit(connection, head, moment)


def apply_credit(connection: "apsw.Connection", note: Mapping[str, Any], moment: Moment) -> None:
    """Settle the credited invoice with its credit note, as far as something is payable on it."""
    credited = head_of(connection, sql.invoice_id_of(connection, note["credits_seq"]))
    if sql.credited_total(connection, credited["seq"]) > credited["tax_inclusive"]:
        drafts.check_left_to_credit(connection, credited, drafts.total_of(note))
    applied = min(-note["tax_inclusive"], max(credited["payable"], 0))
    sql.add_credit(connection, credited["seq"], applied, moment.at)
    sql.add_credit(connection, note["seq"], -applied, moment.at)
    if sql.credited_total(connection, credited["seq"]) == credited["tax_inclusive"] and credited["paid"] == 0:
        sql.set_state(connection, credited["seq"], "cancelled", moment.at)


def _credit_in_full(connection: "apsw.Connection", book: Book, head: Mapping[str, Any], moment: Moment) -> str:
    """Issue the credit note that cancels an invoice; its id."""
    body = {
        "buyer": {"id": head["buyer_id"]},
        "kind": Kind.CREDIT_NOTE.value,
        "currency": head["currency"],
        "tax_basis": head["tax_basis"],
        "lines": drafts.mirrored(drafts.lines_of(connection, head["seq"])),
        "language": head["language"],
        "payment_terms_days": 0,
        "buyer_reference": head["buyer_reference"],
    }
    seq, invoice_id = drafts.write_draft(connection, body, replaced=None, credited=head, moment=moment)
    note = head_of(connection, invoice_id)
    _issue(connection, book, note, moment)
    documents.keep(connection, book, note, moment)
    sql.set_sent_to(connection, seq, "manual", None, moment.at)
    return invoice_id


def _send(
    connection: "apsw.Connection", book: Book, head: Mapping[str, Any], body: Mapping[str, Any], moment: Moment
) -> OwedMail | None:
    """Note how the invoice goes out; the mail that is owed for e-mail."""
    if body["deliver"] == "manual":
        sql.set_sent_to(connection, head["seq"], "manual", None, moment.at)
        return None
    let_mail_go(connection, head, body)
    mail = OwedMail(owed_id(book), "invoice", None, body["recipient"])
    mails.insert_mail(
        connection,
        {
            "message_id": mail.message_id,
            "invoice_seq": head["seq"],
            "purpose": mail.purpose,
            "tone": None,
            "recipient": mail.recipient,
            "language": head["language"],
            "channel": book.channel,
            "at": moment.at,
        },
    )
    return mail


def _delivery(book: Book, body: Mapping[str, Any]) -> dict[str, str]:
    if body["deliver"] == "manual":
        return {"channel": "manual"}
    return {"channel": book.channel, "to": body["recipient"], "outcome": "pending"}


def _marks(phase: Phase, head: Mapping[str, Any], moment: Moment) -> dict[str, Any]:
    marks = {name: head[name] for name in ("paused", "dubious_on", "uncollectible_on")}
    today = moment.today.isoformat()
    changes: dict[Phase, dict[str, Any]] = {
        Phase.PAUSED: {"paused": 1},
        Phase.RESUMED: {"paused": 0, "dubious_on": None},
        Phase.DUBIOUS: {"dubious_on": today},
        Phase.UNCOLLECTIBLE: {"uncollectible_on": today},
    }
    return marks | changes[phase]


def _final(phase: Phase, head: Mapping[str, Any], there: bool) -> str | None:
    if phase is Phase.CANCELLED:
        return (
            "A credit note over the whole amount is issued, with its own number; both stay in the book."
            if head["state"] == "issued"
            else "The draft is discarded and cannot be taken up again."
        )
    return None if there else _FINAL.get(phase)
