"""One buyer in several accounts: by VAT identifier or e-mail address, and by nothing else."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_mcp.domain.same_buyer import Record, identifiers, one_buyer


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("NL 0012.34.567.B01", None), ("nl001234567b01", None)),
        (("BE-0123456749", None), ("BE0123456749", "x@y.example")),
        ((None, " AP@Acme.Example "), (None, "ap@acme.example")),
    ],
)
def test_spelling_does_not_matter(one: tuple[str | None, str | None], other: tuple[str | None, str | None]) -> None:
    assert identifiers(*one) & identifiers(*other)


@pytest.mark.parametrize("vat", ["", "n/a", "0", "001234567B01", "NL000000000B00", "NL1", "NL" + "1" * 20, "12345678"])
def test_what_is_no_vat_identifier_with_its_country_identifies_nobody(vat: str) -> None:
    assert identifiers(vat, None) == frozenset()


@pytest.mark.parametrize("email", ["", "none", "a@b", "a b@c.example", "@c.example", "a@@c.example"])
def test_what_is_no_address_identifies_nobody(email: str) -> None:
    assert identifiers(None, email) == frozenset()


def united(**records: tuple[str | None, str | None]) -> set[frozenset[str]]:
    """The records that are one, by account; each account has one, in the order given."""
    known: dict[Record, frozenset[str]] = {
        (account, ("1",)): identifiers(*details) for account, details in records.items()
    }
    buyers: dict[Record, set[str]] = {}
    for record, stands_for in one_buyer(known).items():
        buyers.setdefault(stands_for, set()).add(record[0])
    return {frozenset(accounts) for accounts in buyers.values()}


VAT = "NL001234567B01"
OTHER_VAT = "NL009999999B01"
MAIL = "ap@acme.example"


def test_the_same_vat_identifier_or_address_is_the_same_buyer() -> None:
    assert united(a=(VAT, None), b=(VAT, "x@y.example"), c=(OTHER_VAT, None)) == {frozenset("ab"), frozenset("c")}
    assert united(a=(None, MAIL), b=(None, MAIL), c=(None, None), d=(None, None)) == {
        frozenset("ab"),
        frozenset("c"),
        frozenset("d"),
    }


def test_one_record_may_link_two_others() -> None:
    assert united(a=(VAT, None), b=(None, MAIL), c=(VAT, MAIL)) == {frozenset("abc")}


def test_one_mailbox_for_two_vat_identifiers_is_an_office_and_not_a_buyer() -> None:
    apart = {frozenset("a"), frozenset("b"), frozenset("c")}
    assert united(a=(VAT, MAIL), b=(OTHER_VAT, MAIL), c=(None, MAIL)) == apart


def test_the_first_record_stands_for_all() -> None:
    first, second = ("z", ("1",)), ("a", ("2",))
    known: Mapping[Record, frozenset[str]] = {first: identifiers(VAT, None), second: identifiers(VAT, None)}
    assert one_buyer(known) == {first: first, second: first}


DETAILS = st.tuples(st.sampled_from([None, VAT, OTHER_VAT]), st.sampled_from([None, MAIL, "b@c.example"]))


@given(st.lists(DETAILS, max_size=8), st.randoms())
def test_who_is_one_does_not_depend_on_the_order(details: list[tuple[str | None, str | None]], random: object) -> None:
    names = [str(number) for number in range(len(details))]
    records = dict(zip(names, details, strict=True))
    shuffled = list(records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert united(**records) == united(**{name: records[name] for name in shuffled})
    for accounts in united(**records):
        assert len({records[name][0] for name in accounts} - {None}) <= 1
