"""Which buyers of several accounts are one: by VAT identifier or e-mail address, never by an equal name alone."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

_VAT: Final = re.compile(r"[A-Z]{2}(?=[A-Z]*[0-9]*[1-9])[A-Z0-9]{6,14}", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+", re.ASCII)
_VAT_MARK: Final = "vat:"
_EMAIL_MARK: Final = "email:"

Record = tuple[str, tuple[str, ...]]
"""A buyer as one account knows it: the account, and its ids there."""


def identifiers(vat_identifier: str | None, email: str | None) -> frozenset[str]:
    """What a buyer can be known by elsewhere. A VAT number without its country, or no number at all, identifies nobody.

    Spelling does not matter: `NL 0012.34.567.B01` and `nl001234567b01` are one, as are `AP@Acme.example` and
    `ap@acme.example`.
    """
    vat = re.sub(r"[\s./-]", "", vat_identifier or "").upper()
    address = (email or "").strip().lower()
    found = (
        (_VAT_MARK + vat, _VAT.fullmatch(vat)),
        (_EMAIL_MARK + address, _EMAIL.fullmatch(address)),
    )
    return frozenset(identifier for identifier, fits in found if fits)


def one_buyer(known: Mapping[Record, Collection[str]]) -> Mapping[Record, Record]:
    """For every record the one that stands for its buyer: the first, in the order of `known`, of those that are one.

    Records with the same VAT identifier are one. So are those with the same e-mail address, unless their VAT
    identifiers differ: an office that receives the mail of several clients is not several clients.
    """
    buyers = {record: _Buyer([record], _vat_of(found)) for record, found in known.items()}
    for marks in (_VAT_MARK, _EMAIL_MARK):
        for bearers in _bearers(known, marks):
            together = list({id(buyers[record]): buyers[record] for record in bearers}.values())
            if len(frozenset[str]().union(*(buyer.vat for buyer in together))) <= 1:
                _unite(buyers, together)
    order = {record: number for number, record in enumerate(known)}
    return {record: min(buyers[record].records, key=order.__getitem__) for record in known}


class _Buyer:
    """Records that are one buyer, and the VAT identifier they share, if they have one."""

    def __init__(self, records: Sequence[Record], vat: frozenset[str]) -> None:
        self.records = records
        self.vat = vat


def _vat_of(found: Iterable[str]) -> frozenset[str]:
    return frozenset(identifier for identifier in found if identifier.startswith(_VAT_MARK))


def _bearers(known: Mapping[Record, Collection[str]], mark: str) -> list[list[Record]]:
    """The records that share an identifier of this kind, by identifier."""
    bearers: dict[str, list[Record]] = {}
    for record, found in known.items():
        for identifier in found:
            if identifier.startswith(mark):
                bearers.setdefault(identifier, []).append(record)
    return [bearers[identifier] for identifier in sorted(bearers)]


def _unite(buyers: dict[Record, _Buyer], together: Sequence[_Buyer]) -> None:
    records = [record for buyer in together for record in buyer.records]
    one = _Buyer(records, frozenset[str]().union(*(buyer.vat for buyer in together)))
    buyers.update(dict.fromkeys(records, one))
