"""Handles of invoices and names of accounts: one form, nothing else."""

import pytest

from invoice_mcp.domain.invoice import Ref, is_account_name


@pytest.mark.parametrize(
    "text", ["ledger:inv_1", "crm:0d1e2f3a-0000-4000-8000-000000000000", "a:1", "a" * 32 + ":" + "9" * 64]
)
def test_a_ref_is_account_and_id(text: str) -> None:
    ref = Ref.parse(text)
    assert str(ref) == text
    assert Ref.parse(str(ref)) == ref
    assert (ref.account, ref.id) == tuple(text.split(":"))


@pytest.mark.parametrize(
    "text",
    ["", "inv_1", ":1", "ledger:", "Ledger:1", "1a:1", "ledger:1:2", "ledger:../contacts/1", "ledger:%2e%2e",
     "ledger:a/b", "ledger:a?x=", "ledger:1\n", " ledger:1", "ledger:１", "lédger:1", "ledger:a b", "ledger:\x00",
     "a" * 33 + ":1", "a:" + "1" * 65, "ledger:.", "ledger:'"],
)  # fmt: skip
def test_everything_else_is_no_ref_and_is_not_echoed(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a ref is account:id, as search_invoices returns it$"):
        Ref.parse(text)


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("ledger", True),
        ("a-b_9", True),
        ("9a", False),
        ("Ledger", False),
        ("a" * 33, False),
        ("a\n", False),
        ("", False),
    ],
)
def test_account_names(name: str, valid: bool) -> None:
    assert is_account_name(name) is valid
