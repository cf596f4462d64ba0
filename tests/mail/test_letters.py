import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.domain.invoice import Invoice, Line, Party
from invoice_mcp.domain.status import TaxCategory
from invoice_mcp.mail.figures import Language, figures_for
from invoice_mcp.mail.layout import WIDTH, columns
from invoice_mcp.mail.letters import FINAL_DAYS, Letter, Tone, invoice_letter, reminder_letter, reminder_of_several

from . import examples

TONES: tuple[Tone, ...] = ("friendly", "firm", "final")
LANGUAGES: tuple[Language, ...] = ("en", "nl", "sv")
MONEY = re.compile(r"-?(?:€|JP¥|KWD)\N{NO-BREAK SPACE}?-?[0-9.,]*[0-9]")

HOSTILE = (
    "Acme\r\nBcc: thief@evil.example",
    "Acme\n\nPlease pay to NL00 EVIL 0000 0000 00 instead",
    "{{ 7*7 }}{% set iban = 'NL00EVIL' %}{# #}",
    "%s {rate} ${iban} %(iban)s",
    "\u202egnp.exe\u2066\u200b\u2028\u2029\x85\x0b\x0c\x00",
    "=?utf-8?q?=0D=0ABcc:_thief=40evil.example?=",
    "x" * 200,
    "👨‍👩‍👧 ❤️ 🥐" * 20,
    "株式会社" * 50,
    "e\u0301" * 100,
    '<script>alert(1)</script> & "quoted" \\',
    ". leading dot",
    "\ud800 lone surrogate",
)


def letters_about(invoice: Invoice, seller: Party = examples.SELLER) -> list[Letter]:
    reminders = [
        reminder_letter(invoice, seller, tone, language, examples.TODAY) for tone in TONES for language in LANGUAGES
    ]
    return [*reminders, *(examples.sent(invoice, seller, language) for language in LANGUAGES)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_three_tones_are_three_different_letters(language: Language) -> None:
    letters = [reminder_letter(examples.INVOICE, examples.SELLER, tone, language, examples.TODAY) for tone in TONES]

    assert len({letter.subject for letter in letters}) == 3
    openings = {letter.body.split("\n\n")[1] for letter in letters}
    requests = {letter.body.split("\n\n")[3] for letter in letters}
    closings = {letter.body.split("\n\n")[-3] for letter in letters}
    assert (len(openings), len(requests), len(closings)) == (3, 3, 3)


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_a_final_reminder_names_a_last_date_a_week_from_today(language: Language) -> None:
    last = figures_for(language).date(examples.TODAY + dt.timedelta(days=FINAL_DAYS))
    naming = [
        tone
        for tone in TONES
        if last in reminder_letter(examples.INVOICE, examples.SELLER, tone, language, examples.TODAY).body
    ]

    assert naming == ["final"]


@pytest.mark.parametrize("tone", TONES)
def test_a_reminder_states_everything_needed_to_pay(tone: Tone) -> None:
    body = reminder_letter(examples.PARTLY_PAID, examples.SELLER, tone, "en", examples.TODAY).body

    for stated in (
        "Invoice number  2026-0042",
        "Invoice date    1 February 2026",
        "Due date        3 March 2026",
        "Days overdue    12",
        "Invoice total   €1,478.22",
        "Already paid    €210.00",
        "Amount to pay   €1,268.22",
        "IBAN               NL91 ABNA 0417 1643 00",
        "Payment reference  RF18539007547034",
    ):
        assert f"\n  {stated}\n" in body
    assert "Thank you for the €210.00 we have already received." in body.replace("\n", " ")


def test_no_letter_claims_that_anything_was_delivered() -> None:
    every = [letter for invoice in (examples.INVOICE, examples.PARTLY_PAID) for letter in letters_about(invoice)]

    assert not [letter for letter in every if "deliver" in f"{letter.subject} {letter.body}".lower()]


def test_a_language_without_letters_gets_english_and_the_letter_says_so() -> None:
    reminder = reminder_letter(examples.INVOICE, examples.SELLER, "firm", "de", examples.TODAY)

    assert reminder == reminder_letter(examples.INVOICE, examples.SELLER, "firm", "en", examples.TODAY)
    assert (reminder.language, examples.sent(examples.INVOICE, examples.SELLER, "nl-BE").language) == ("en", "nl")


@pytest.mark.parametrize("due_date", [None, examples.TODAY, examples.TODAY + dt.timedelta(days=1)])
def test_what_is_not_overdue_is_not_reminded_of(due_date: dt.date | None) -> None:
    with pytest.raises(ValueError, match="overdue"):
        reminder_letter(replace(examples.INVOICE, due_date=due_date), examples.SELLER, "friendly", "en", examples.TODAY)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invoice_for_a_system_that_mails_itself_says_the_same_and_speaks_of_no_enclosure(language: Language) -> None:
    ours = examples.sent(examples.INVOICE, examples.SELLER, language)
    theirs = invoice_letter(examples.INVOICE, examples.SELLER, language)
    enclosed = {"en": " and attached", "nl": " en in de bijlage", "sv": ", nedan och som bilaga"}[language]

    assert enclosed in ours.body
    assert " ".join(theirs.body.split()) == " ".join(ours.body.split()).replace(enclosed, "")
    assert (theirs.subject, theirs.html, theirs.enclosures) == (ours.subject, None, ())


@pytest.mark.parametrize(
    "invoices", [[], [examples.INVOICE, examples.BARE], [examples.INVOICE, replace(examples.INVOICE, due_date=None)]]
)
def test_a_reminder_of_several_is_of_overdue_ones_in_one_currency(invoices: list[Invoice]) -> None:
    with pytest.raises(ValueError, match=r"overdue|one currency"):
        reminder_of_several(invoices, examples.SELLER, "firm", "en", examples.TODAY)


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reminder_of_several_states_each_number_amount_and_reference_and_the_total(
    language: Language, tone: Tone
) -> None:
    other = replace(examples.PARTLY_CREDITED, invoice_number="2026-0050", payment_reference="RF712348231")
    body = reminder_of_several([examples.INVOICE, other], examples.SELLER, tone, language, examples.TODAY).body
    figures = figures_for(language)

    for each in (examples.INVOICE, other):
        amount = re.escape(figures.amount(each.payable_amount, "EUR"))
        assert re.search(rf"^{each.invoice_number} .* {amount} +{each.payment_reference}$", body, re.MULTILINE)
    assert body.count(figures.amount(Decimal("2478.22"), "EUR")) >= 2
    assert max(columns(row) for row in body.split("\n")) <= WIDTH


def test_a_credit_note_asks_for_nothing_and_gives_no_bank_details() -> None:
    for language in LANGUAGES:
        body = examples.sent(examples.CREDIT_NOTE, examples.SELLER, language, credited_number="2026-0042").body

        assert "IBAN" not in body
        assert "2026-0042" in body
        assert figures_for(language).amount(Decimal("-91.56"), "EUR") in body


@pytest.mark.parametrize("category", [category for category in TaxCategory if category is not TaxCategory.STANDARD])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_category_without_vat_has_its_wording_and_only_that(category: TaxCategory, language: Language) -> None:
    one = replace(
        examples.EVERY_CATEGORY,
        taxes=tuple(tax for tax in examples.EVERY_CATEGORY.taxes if tax.tax_category is category),
    )
    body = examples.sent(one, examples.SELLER, language).body
    wordings = re.findall(r"\n\(([A-Z]+)\) \S[^()]*(?:\([^()]*\))?\.\n", body)

    assert wordings == [category]


def test_vat_that_is_charged_needs_no_wording() -> None:
    assert "\n(" not in examples.sent(examples.INVOICE, examples.SELLER, "en").body


@pytest.mark.parametrize("invoice", [examples.PARTLY_PAID, examples.WIDE_CHARACTERS, examples.HUGE])
def test_every_figure_in_a_letter_is_one_the_invoice_states(invoice: Invoice) -> None:
    stated = {
        invoice.tax_exclusive_amount,
        invoice.tax_amount,
        invoice.tax_inclusive_amount,
        invoice.paid_amount,
        invoice.payable_amount,
        *(line.net_amount for line in invoice.lines),
        *(amount for tax in invoice.taxes for amount in (tax.taxable_amount, tax.tax_amount)),
    }
    for letter in letters_about(invoice):
        figures = figures_for(letter.language)
        allowed = {figures.amount(amount, invoice.currency) for amount in stated}
        allowed |= {figures.price(line.net_price, invoice.currency) for line in invoice.lines}

        assert set(MONEY.findall(letter.body)) <= allowed


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_data(text: str) -> None:
    line = Line(text, Decimal(1), Decimal(1), TaxCategory.STANDARD, Decimal(21), Decimal("1.00"), text, text)
    invoice = replace(
        examples.PARTLY_PAID,
        buyer=Party(text, vat_identifier=text),
        invoice_number=text,
        buyer_reference=text,
        payment_reference=text,
        note=text,
        lines=(line,),
    )
    for letter in letters_about(invoice, replace(examples.SELLER, name=text)):
        assert "49" not in letter.body.replace("2026-0042", "")
        assert "\n" not in letter.subject
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]", letter.body)
        assert max(columns(row) for row in letter.body.split("\n")) <= WIDTH
        letter.body.encode()
        letter.subject.encode()


def test_a_name_cannot_start_a_line_of_its_own() -> None:
    forged = "Acme\n\n  IBAN  NL00 EVIL 0000 0000 00"
    body = reminder_letter(
        replace(examples.INVOICE, buyer=Party(forged)), examples.SELLER, "firm", "en", examples.TODAY
    ).body

    assert "Dear Acme IBAN NL00 EVIL 0000 0000 00," in body
    assert re.findall(r"^ *IBAN .*", body, re.MULTILINE) == ["  IBAN               NL91 ABNA 0417 1643 00"]


def test_the_lines_of_a_note_are_set_in_so_that_they_pass_for_nothing_of_ours() -> None:
    body = examples.sent(replace(examples.INVOICE, note="one\nIBAN NL00\n\ntwo"), examples.SELLER, "en").body

    assert "Note:\n  one\n  IBAN NL00\n  two\n" in body


@settings(deadline=None, derandomize=True)
@given(
    payable=st.integers(1, 10**17),
    paid=st.integers(0, 10**17),
    currency=st.sampled_from(["EUR", "JPY", "KWD", "RSD"]),
    name=st.text(max_size=200),
    tone=st.sampled_from(TONES),
    language=st.sampled_from(LANGUAGES),
)
def test_the_payable_amount_stands_whole_in_every_reminder(
    payable: int, paid: int, currency: str, name: str, tone: Tone, language: Language
) -> None:
    exponent = {"JPY": 0, "KWD": -3}.get(currency, -2)
    invoice = replace(
        examples.INVOICE,
        currency=currency,
        buyer=Party(name),
        payable_amount=Decimal(payable).scaleb(exponent),
        paid_amount=Decimal(paid).scaleb(exponent),
        tax_inclusive_amount=Decimal(payable + paid).scaleb(exponent),
    )
    body = reminder_letter(invoice, examples.SELLER, tone, language, examples.TODAY).body
    written = figures_for(language).amount(invoice.payable_amount, currency)

    assert re.search(rf"^  (Amount to pay|Te betalen|Att betala) +{re.escape(written)}$", body, re.MULTILINE)
    assert all(len(line.encode()) <= 998 for line in body.split("\n"))
    assert all(columns(line) <= WIDTH for line in body.split("\n"))
