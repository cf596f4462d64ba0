"""The document of an invoice: made once, when it is sent, and the same for ever after, wherever it is read."""

from contextlib import closing
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import apsw
import pytest

from invoice_mcp.domain.document import Document
from invoice_mcp.domain.invoice import Ref
from invoice_mcp.errors import NotFound
from invoice_mcp.service.documents import document_of
from tests.flows.conftest import HeldClock, Office, Person, code

BOOK = "books/ledger.db"


async def document(office: Office, ref: str) -> Document:
    return await document_of(Ref.parse(ref), office.services)


def mailed(office: Office) -> EmailMessage:
    [path] = office.outbox()
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


async def test_sending_makes_the_document_with_its_number_and_payment_reference(office: Office) -> None:
    ref = await office.sent()
    invoice = await office.invoice(ref)
    made = await document(office, ref)

    for shown in (made.html, made.text):
        assert invoice["invoice_number"] in shown
        assert invoice["payment_reference"] in shown
    assert made.language == "en"


async def test_a_draft_a_dry_run_and_a_discarded_draft_have_none(office: Office) -> None:
    ref = await office.draft()
    await office.call("change_phase", ref=ref, phase="sent", deliver="manual", dry_run=True)
    with pytest.raises(NotFound, match="made when an invoice is sent"):
        await document(office, ref)
    await office.agreed("change_phase", ref=ref, phase="cancelled", expected_status="draft")
    with pytest.raises(NotFound):
        await document(office, ref)


async def test_what_changes_later_does_not_change_the_document(
    office: Office, clock: HeldClock, tmp_path: Path
) -> None:
    ref = await office.sent()
    before = await document(office, ref)
    await office.call("register_payment", ref=ref, amount="21.00")
    clock.advance(days=30)
    await office.services.close()
    moved = Office(tmp_path, clock)
    [account] = moved.settings.accounts.values()
    object.__setattr__(account.options.seller, "name", "Studio Zuid")  # type: ignore[union-attr]
    await moved.confirm_buyers()
    sent = await moved.call("change_phase", ref=ref, phase="sent", deliver="email")

    assert sent["delivery"]["outcome"] == "queued"
    assert await document(moved, ref) == before
    [enclosed] = mailed(moved).iter_attachments()
    assert enclosed.get_content().replace("\r\n", "\n") == before.html
    await moved.services.close()


async def test_the_mail_shows_the_document_and_carries_it(office: Office) -> None:
    ref = await office.draft()
    await office.confirm_buyers()
    await office.call("change_phase", ref=ref, phase="sent", deliver="email")
    made, message = await document(office, ref), mailed(office)
    plain, page = message.get_body(("plain",)), message.get_body(("html",))

    assert plain is not None
    assert page is not None
    assert plain.get_content().replace("\r\n", "\n").endswith(made.text)
    assert made.html.partition("</table>")[2].partition("src=")[0] in page.get_content().replace("\r\n", "\n")
    assert [part.get_filename() for part in message.iter_attachments()] == ["invoice-2026-0001.html"]


async def test_cancelling_makes_the_document_of_the_credit_note(office: Office) -> None:
    ref = await office.sent()
    answer = await office.agreed("change_phase", ref=ref, phase="cancelled", expected_status="open")
    made = await document(office, answer["credit_note"])

    assert made.text.startswith("Credit note 2026-0002\n")
    assert "Credited invoice    2026-0001" in made.text
    assert (await document(office, ref)).text.startswith("Invoice 2026-0001\n")


async def test_an_issued_invoice_without_a_document_gets_it_when_it_is_mailed(office: Office) -> None:
    ref = await office.sent()
    with closing(apsw.Connection(str(office.folder / BOOK))) as connection:  # as a book from before documents were kept
        connection.execute("DROP TRIGGER documents_stay; DELETE FROM documents")
    with pytest.raises(NotFound):
        await document(office, ref)
    await office.confirm_buyers()
    assert (await office.call("change_phase", ref=ref, phase="sent", deliver="email"))["delivery"][
        "outcome"
    ] == "queued"
    assert (await document(office, ref)).text.startswith("Invoice 2026-0001\n")


async def test_without_a_seller_neither_an_invoice_nor_a_credit_note_is_issued(office: Office) -> None:
    draft, sent = await office.draft(), await office.sent(price="7.00")
    [account] = office.settings.accounts.values()
    object.__setattr__(account.options.seller, "iban", None)  # type: ignore[union-attr]
    cancel = {"ref": sent, "phase": "cancelled", "expected_status": "open"}

    assert code(await office.call("change_phase", ref=draft, phase="sent", deliver="manual")) == "policy_refused"
    assert code(await office.call("change_phase", **cancel)) == "policy_refused"


async def test_a_missing_vat_identifier_is_said_before_the_invoice_is_final(office: Office) -> None:
    line = {"item_name": "Design", "net_price": "100.00", "tax_rate": "0", "tax_category": "AE"}
    ref, plain = await office.draft(lines=[line]), await office.draft(price="5.00")
    preview = await office.call("change_phase", ref=ref, phase="sent", deliver="manual", dry_run=True)
    usual = await office.call("change_phase", ref=plain, phase="sent", deliver="manual", dry_run=True)
    office.person = Person(will=False)
    await office.call("change_phase", ref=ref, phase="sent", deliver="manual")

    [warning] = preview["warnings"]
    assert "the buyer's VAT identifier; none is on file" in warning
    assert warning in office.person.asked[0]
    assert "warnings" not in usual


@pytest.mark.parametrize(("language", "title"), [("nl", "Factuur"), ("sv", "Faktura")])
async def test_the_language_is_the_account_s(tmp_path: Path, clock: HeldClock, language: str, title: str) -> None:
    office = Office(tmp_path, clock)
    [account] = office.settings.accounts.values()
    object.__setattr__(account.options, "language", language)
    made = await document(office, await office.sent())

    assert made.text.startswith(f"{title} 2026-0001\n")
    assert f'<html lang="{language}">' in made.html
    await office.services.close()
