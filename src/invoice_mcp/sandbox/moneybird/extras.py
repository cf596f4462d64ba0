"""What hangs on an invoice beside its figures: notes, attachments, printed forms."""

import re
from typing import Final
from xml.sax.saxutils import escape

from invoice_mcp.sandbox.moneybird import readers
from invoice_mcp.sandbox.moneybird.exchange import Call, Reply
from invoice_mcp.sandbox.moneybird.figures import number_text
from invoice_mcp.sandbox.moneybird.invoices import invoice_of
from invoice_mcp.sandbox.moneybird.records import Attachment, Note
from invoice_mcp.sandbox.moneybird.refusals import BLANK, invalid, invalid_fields, no_record, required
from invoice_mcp.sandbox.moneybird.shapes import WEB_HOST, note_shape

# A part of a multipart form that is a file: its name, its other headers, its content.
_FILE: Final = re.compile(
    rb'Content-Disposition: form-data;[^\r\n]*filename="([^"\r\n]*)"[^\r\n]*\r\n'
    rb"((?:[^\r\n]+\r\n)*)\r\n(.*?)\r\n--",
    re.DOTALL | re.IGNORECASE,
)
_KIND: Final = re.compile(rb"Content-Type: ([^\r\n]*)", re.IGNORECASE)
_NOTE: Final[dict[str, readers.Reader]] = {
    "note": readers.text,
    "todo": readers.truth,
    "assignee_id": readers.identifier,
}


def create_note(call: Call) -> Reply:
    """A note; with an assignee, a to-do."""
    invoice = invoice_of(call, "sales_invoice_id")
    values = readers.read(call.wrapped("note"), _NOTE, call.switches)
    if not values.get("note"):
        raise invalid_fields({"note": [BLANK]})
    assignee = values.get("assignee_id")
    if assignee is not None and assignee not in call.desk.administration.users:
        raise invalid("assignee_id", "is not found", "invalid")
    todo = values.get("todo", False) or assignee is not None
    note = Note(call.desk.administration.new_id(call.desk.now), values["note"], todo, assignee, call.desk.now)
    invoice.notes.append(note)
    call.desk.administration.record("note_created", note.id)
    return Reply(201, note_shape(note, invoice, call.desk))


def delete_note(call: Call) -> Reply:
    """Take a note away."""
    invoice = invoice_of(call, "sales_invoice_id")
    for note in invoice.notes:
        if note.id == call.path["id"]:
            invoice.notes.remove(note)
            call.desk.administration.record("note_deleted", note.id)
            return Reply(204)
    raise no_record("id")


def add_attachment(call: Call) -> Reply:
    """Take a file of a multipart form. The body is a number."""
    invoice = invoice_of(call)
    file = _FILE.search(call.raw)
    if file is None:
        raise required("file")
    name, headers, content = file.groups()
    kind = _KIND.search(headers)
    attachment = Attachment(
        id=call.desk.administration.new_id(call.desk.now),
        filename=name.decode("utf-8", "replace"),
        content_type=kind[1].decode("ascii", "replace") if kind else "application/octet-stream",
        size=len(content),
        created_at=call.desk.now,
    )
    invoice.attachments.append(attachment)
    call.desk.administration.record("attachment_created", attachment.id)
    return Reply(200, 200)


def download_attachment(call: Call) -> Reply:
    """Lead to the file, which the double does not keep."""
    return _moved(f"attachments/{_attachment(call).id}")


def delete_attachment(call: Call) -> Reply:
    """Take a file away."""
    attachment = _attachment(call)
    invoice_of(call, "sales_invoice_id").attachments.remove(attachment)
    call.desk.administration.record("attachment_deleted", attachment.id)
    return Reply(204)


def download_pdf(call: Call) -> Reply:
    """Lead to the printed invoice, which the double does not make."""
    return _moved(f"invoices/{invoice_of(call).id}.pdf")


def download_packing_slip_pdf(call: Call) -> Reply:
    """Lead to the packing slip, which the double does not make."""
    return _moved(f"packing_slips/{invoice_of(call).id}.pdf")


def download_ubl(call: Call) -> Reply:
    """The bare bones of a UBL invoice."""
    invoice = invoice_of(call)
    total = number_text(call.desk.totals(invoice).incl_tax)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"'
        ' xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">'
        f"<cbc:ID>{escape(invoice.invoice_id or '')}</cbc:ID>"
        f"<cbc:DocumentCurrencyCode>{escape(invoice.currency)}</cbc:DocumentCurrencyCode>"
        f'<cbc:PayableAmount currencyID="{escape(invoice.currency)}">{total}</cbc:PayableAmount>'
        "</Invoice>"
    )
    return Reply(200, text, {"Content-Type": "text/xml"})


def _attachment(call: Call) -> Attachment:
    for attachment in invoice_of(call, "sales_invoice_id").attachments:
        if attachment.id == call.path["id"]:
            return attachment
    raise no_record("id")


def _moved(place: str) -> Reply:
    location = f"https://storage.{WEB_HOST}/{place}/download"
    text = f'"This resource has been moved temporarily to {location}."'
    return Reply(302, text, {"Content-Type": "text/plain", "Location": location})
