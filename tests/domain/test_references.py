"""IBANs and creditor references carry check digits that fit, or are refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.domain.references import format_iban, iban_or_error, is_payment_reference, payment_reference


@pytest.mark.parametrize(
    "text", ["NL91ABNA0417164300", "nl91 abna 0417 1643 00", "NL91-ABNA-0417-1643-00", " NL91ABNA0417164300 "]
)
def test_an_iban_is_compacted(text: str) -> None:
    assert iban_or_error(text) == "NL91ABNA0417164300"


@pytest.mark.parametrize(
    "text",
    ["NL92ABNA0417164300", "NL91ABNA041716430", "NL91ABNA04171643000", "XX91ABNA0417164300", "", "IBAN",
     "NL91ABNA041716430０", "NL91ABNA0417164300\u202e", "NL91\nABNA0417164300", "N" * 61],
)  # fmt: skip
def test_what_is_no_iban_is_refused_with_an_example_and_without_an_echo(text: str) -> None:
    with pytest.raises(ValueError, match="written like NL91ABNA0417164300; its check digits have to fit") as refusal:
        iban_or_error(text)
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None


def test_a_transposition_is_noticed() -> None:
    with pytest.raises(ValueError, match="check digits"):
        iban_or_error("NL91ABNA0417163400")


def test_an_iban_is_shown_in_groups_of_four() -> None:
    assert format_iban("NL91ABNA0417164300") == "NL91 ABNA 0417 1643 00"
    assert iban_or_error(format_iban("BE68539007547034")) == "BE68539007547034"


def test_the_published_example_of_iso_11649() -> None:
    assert payment_reference("539007547034") == "RF18539007547034"
    assert is_payment_reference("RF18539007547034")


@pytest.mark.parametrize(
    ("number", "body"),
    [
        ("2026-0007", "20260007"),
        ("inv/2026 7", "INV20267"),
        ("Fäktura 7", "FAKTURA7"),
        ("A" * 9 + "-2026-000000000000007", "AA2026000000000000007"),
    ],
)
def test_the_reference_holds_the_end_of_the_letters_and_digits_of_the_number(number: str, body: str) -> None:
    reference = payment_reference(number)
    assert reference[4:] == body
    assert is_payment_reference(reference)


@given(st.text(st.characters(codec="utf-8"), max_size=30), st.text("ABCXYZ0189", min_size=1, max_size=25))
@settings(deadline=None, derandomize=True)
def test_every_number_with_a_letter_or_digit_has_a_valid_reference(prefix: str, number: str) -> None:
    reference = payment_reference(prefix + number)
    assert is_payment_reference(reference)
    assert reference.isascii()
    assert len(reference) <= 25


@pytest.mark.parametrize("number", ["", "---", "数"])
def test_a_number_without_letters_and_digits_has_no_reference(number: str) -> None:
    with pytest.raises(ValueError, match="letter or a digit"):
        payment_reference(number)


@pytest.mark.parametrize(
    "text",
    ["RF19539007547034", "RF18 5390 0754 7034", "rf18539007547034", "539007547034", "RF18", "", "RF1853900754703٤"],
)
def test_only_compact_references_with_fitting_check_digits_count(text: str) -> None:
    assert not is_payment_reference(text)
