"""The letters word for word. `WRITE_GOLDEN=1` writes the files anew; read the difference before keeping it."""

import os
from pathlib import Path

import pytest

from invoice_mcp.domain.invoice import Party
from invoice_mcp.mail.letters import Letter, reminder_letter, reminder_of_several

from . import examples

LITTLE_KNOWN = Party("Lilla Ateljén")
GOLDEN = Path(__file__).parent / "golden"

LETTERS: dict[str, Letter] = {
    **{
        f"reminder-{tone}.{language}": reminder_letter(
            examples.PARTLY_PAID, examples.SELLER, tone, language, examples.TODAY
        )
        for tone in ("friendly", "firm", "final")
        for language in ("en", "nl", "sv")
    },
    **{
        f"{name}.{language}": letter
        for language in ("en", "nl", "sv")
        for name, letter in {
            "reminder-unpaid": reminder_letter(examples.INVOICE, examples.SELLER, "friendly", language, examples.TODAY),
            "reminder-credited": reminder_letter(
                examples.PARTLY_CREDITED, examples.SELLER, "firm", language, examples.TODAY
            ),
            "reminder-several": reminder_of_several(
                [examples.INVOICE, examples.PARTLY_CREDITED], examples.SELLER, "friendly", language, examples.TODAY
            ),
            "reminder-bare": reminder_letter(examples.BARE, LITTLE_KNOWN, "final", language, examples.TODAY),
            "invoice": examples.sent(examples.INVOICE, examples.SELLER, language),
            "invoice-partly-paid": examples.sent(examples.PARTLY_PAID, examples.SELLER, language),
            "invoice-partly-credited": examples.sent(examples.PARTLY_CREDITED, examples.SELLER, language),
            "invoice-paid": examples.sent(examples.PAID, examples.SELLER, language),
            "invoice-every-category": examples.sent(examples.EVERY_CATEGORY, examples.SELLER, language),
            "invoice-bare": examples.sent(examples.BARE, LITTLE_KNOWN, language),
            "invoice-huge-figures": examples.sent(examples.HUGE, examples.SELLER, language),
            "invoice-wide-characters": examples.sent(examples.WIDE_CHARACTERS, examples.SELLER, language),
            "credit-note": examples.sent(examples.CREDIT_NOTE, examples.SELLER, language, credited_number="2026-0042"),
            "credit-note-alone": examples.sent(examples.CREDIT_NOTE, examples.SELLER, language),
        }.items()
    },
}


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_says_exactly_what_its_golden_file_says(name: str) -> None:
    letter = LETTERS[name]
    written = f"Subject: {letter.subject}\n\n{letter.body}"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("WRITE_GOLDEN"):
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text(encoding="utf-8")


def test_the_documentation_shows_a_reminder_as_it_is() -> None:
    documentation = Path(__file__).parents[2] / "docs" / "mail.md"
    shown = (GOLDEN / "reminder-friendly.en.txt").read_text(encoding="utf-8")

    assert f"```\n{shown}```" in documentation.read_text(encoding="utf-8")


def test_every_golden_file_belongs_to_a_letter() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(LETTERS)
