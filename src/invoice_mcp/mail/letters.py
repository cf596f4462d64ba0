"""What we write to buyers: reminders, and the letter that goes with an invoice or a credit note.

Every figure is one the invoice states; only the total of several overdue invoices is added up here. Every word of a
language is in its templates, `templates/<language>/<letter>.txt.j2`: the first line is the subject, the rest the body.
Names are put in as data: on one line each, nothing hidden in them, and never read as a template.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, Literal

from invoice_mcp.domain.document import Document
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.domain.text import fold
from invoice_mcp.mail import layout
from invoice_mcp.mail.documents import document_text
from invoice_mcp.mail.figures import Figures, Language, figures_for, language_for
from invoice_mcp.mail.templating import fill_in
from invoice_mcp.mail.terms import common_terms, written_date

Tone = Literal["friendly", "firm", "final"]

FINAL_DAYS: Final = 7
"""How many days after today the last date of a final reminder is."""

_BODY: Final = "<body>\n"
_UNSAFE_IN_FILE_NAME: Final = re.compile(r"[^a-z0-9._-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Enclosure:
    """An HTML page that goes with a letter. `file_name` is plain ASCII without blanks."""

    file_name: str
    html: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter. `subject` is one line; `body` ends with a line end; `language` is the one used.

    `html` says the same for readers of HTML; without it there is only the plain text.
    """

    subject: str
    body: str
    language: Language
    html: str | None = None
    enclosures: tuple[Enclosure, ...] = ()


def reminder_letter(invoice: Invoice, seller: Party, tone: Tone, language: str | None, today: dt.date) -> Letter:
    """A reminder of an overdue invoice.

    Args:
        language: the reader's (BCP 47); what we do not write is answered in English.
        today: the account's own date; a final reminder names today + `FINAL_DAYS` as the last date.

    Raises:
        ValueError: the invoice is not overdue on `today`.
    """
    return reminder_of_several([invoice], seller, tone, language, today)


def reminder_of_several(
    invoices: Sequence[Invoice], seller: Party, tone: Tone, language: str | None, today: dt.date
) -> Letter:
    """One reminder of overdue invoices of one buyer, all in one currency; otherwise as `reminder_letter`.

    Raises:
        ValueError: none, not all overdue on `today`, or in several currencies.
    """
    if len({invoice.currency for invoice in invoices}) != 1:
        raise ValueError("a reminder is of at least one invoice, all in one currency")
    used = language_for(language)
    figures = figures_for(used)
    first = invoices[0]
    overdue = [_overdue(invoice, seller, figures, today) for invoice in invoices]
    terms = {
        **overdue[0],
        "several": len(invoices) > 1,
        "overdue": overdue,
        "all_payable": figures.amount(sum((each.payable_amount for each in invoices), Decimal(0)), first.currency),
        "last_date": written_date(today + dt.timedelta(days=FINAL_DAYS), figures),
    }
    return _letter(used, tone, terms)


def invoice_letter(
    invoice: Invoice, seller: Party, language: str | None, *, credited_number: str | None = None
) -> Letter:
    """An invoice or credit note in plain text and with nothing enclosed, for systems that send mail themselves.

    Args:
        language: the reader's (BCP 47); what we do not write is answered in English.
        credited_number: the printed number of the invoice a credit note takes back.
    """
    used = language_for(language)
    words = _cover(invoice, seller, used, enclosed=False)
    text = document_text(replace(invoice, language=used), seller, credited_number=credited_number)
    return Letter(words.subject, f"{words.body}\n\n{text}", used)


def document_letter(invoice: Invoice, seller: Party, document: Document) -> Letter:
    """The letter with an invoice or credit note: a few words, then the document itself, which is also enclosed."""
    language = language_for(document.language)
    words = _cover(invoice, seller, language, enclosed=True)
    return Letter(
        subject=words.subject,
        body=f"{words.body}\n\n{document.text}",
        language=language,
        html=_before(document.html, words.body),
        enclosures=(Enclosure(_file_name(document), document.html),),
    )


def _overdue(invoice: Invoice, seller: Party, figures: Figures, today: dt.date) -> dict[str, Any]:
    if invoice.due_date is None or invoice.due_date >= today:
        raise ValueError("only an overdue invoice is reminded of")
    days = (today - invoice.due_date).days
    return {**common_terms(invoice, seller, figures), "days_overdue": days}


def _cover(invoice: Invoice, seller: Party, language: Language, *, enclosed: bool) -> Letter:
    terms = common_terms(invoice, seller, figures_for(language))
    return _letter(language, "cover", {**terms, "enclosed": enclosed})


def _before(page: str, words: str) -> str:
    """`page` with `words` as paragraphs above it. Text in a page is escaped, so its body begins in one place only."""
    from markupsafe import Markup

    paragraph = Markup('<p style="max-width: 174mm; margin: 1em auto">{}</p>\n')
    written = Markup("").join(paragraph.format(" ".join(part.split("\n"))) for part in words.strip().split("\n\n"))
    head, body, rest = page.partition(_BODY)
    return f"{head}{body}{written}{rest}"


def _file_name(document: Document) -> str:
    """A name that says what it is, as `invoice-2026-0042.html`: from the first line of the document."""
    title = document.text.partition("\n")[0]
    return f"{_UNSAFE_IN_FILE_NAME.sub('-', fold(title)).strip('-.')[:80]}.html"


def _letter(language: Language, name: str, terms: dict[str, Any]) -> Letter:
    subject, _, body = fill_in(f"{language}/{name}.txt.j2", terms).partition("\n")
    return Letter(layout.paragraph_text(subject), body.lstrip("\n"), language)
