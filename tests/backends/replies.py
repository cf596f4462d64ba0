"""A changed reply is an error that names the place, or it is read as what it was: never as another invoice.

Each leaf of each recorded reply is dropped, and replaced by values that no vendor should send. A vendor passes by
subclassing `ReplyContract` with its recorded replies, what is read out of them, and which leaves are free.
"""

import copy
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from invoice_mcp.errors import VendorContract

Place = tuple[Any, ...]
"""Keys and indexes that lead to a leaf."""

ABSENT: Any = object()
NASTY: tuple[Any, ...] = (
    ABSENT,
    None,
    True,
    "",
    "nasty-value",
    "1e999",
    "１２",
    -7.5,
    10**30,
    ["nasty-value"],
    {"nasty-value": "nasty-value"},
)

FIGURES = frozenset(
    {"tax_exclusive_amount", "tax_inclusive_amount", "paid_amount", "payable_amount", "currency", "ref"}
)
"""What of an invoice no wrong form may change."""


def recorded(folder: Path) -> dict[str, Any]:
    """The replies in a folder, by name, with numbers as the HTTP layer reads them."""
    return {
        file.stem: json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
        for file in sorted(folder.glob("*.json"))
    }


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Every place in a reply, inner ones first."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*place, key))
        yield (*place, key)


def damaged(reply: Any, place: Place, value: Any) -> Any:
    """The reply with another value there, or without it."""
    key, *deeper = place
    copied = copy.copy(reply)  # what lies beside the way to the place is shared, and nobody changes it
    if deeper:
        copied[key] = damaged(reply[key], tuple(deeper), value)
    elif value is not ABSENT:
        copied[key] = value
    elif isinstance(copied, dict):
        del copied[key]
    return copied


class ReplyContract(ABC):
    """Subclass it.

    Attributes:
        vendor: its name, as complaints begin with it.
        replies: recorded replies, by name.
        texts: keys where any text can stand: a nasty one is a text like others.
        numbers: keys where any number can stand, where the vendor sends amounts as numbers.
        unread: keys that are not read: whatever stands there changes nothing.
        optional: keys that may be missing, which reads as null.
        formless: keys below which anything can stand and show.
        refusals: how many damaged versions of each reply are refused at least.
    """

    vendor: ClassVar[str]
    replies: ClassVar[Mapping[str, Any]]
    texts: ClassVar[frozenset[str]] = frozenset()
    numbers: ClassVar[frozenset[str]] = frozenset()
    unread: ClassVar[frozenset[str]] = frozenset()
    optional: ClassVar[frozenset[str]] = frozenset()
    formless: ClassVar[frozenset[str]] = frozenset()
    refusals: ClassVar[int] = 100

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        if "reply" in metafunc.fixturenames:
            metafunc.parametrize("reply", cls.replies.values(), ids=cls.replies)

    @abstractmethod
    def read(self, reply: Any) -> dict[str, Any]:
        """What the adapter makes of the reply, as it is shown."""

    def test_a_damaged_reply_is_refused_by_place_or_reads_the_same(self, reply: Any) -> None:
        whole = self.read(reply)
        refused = []
        for place in places(reply):
            for value in NASTY:
                try:
                    found = self.read(damaged(reply, place, value))
                except VendorContract as error:
                    refused.append(error.message)
                    continue
                keys = {str(key) for key in place}
                if keys & self.unread:
                    assert found == whole, place
                elif value is ABSENT and place[-1] in self.optional:
                    assert found == self.read(damaged(reply, place, None)), place
                elif not keys & self.formless:
                    self._check(found, whole, place, value)
        assert not [message for message in refused if "nasty-value" in message]
        assert all(message.startswith(f"{self.vendor}'s answer is not as documented: ") for message in refused)
        assert len(refused) >= self.refusals

    def _check(self, found: dict[str, Any], whole: dict[str, Any], place: Place, value: Any) -> None:
        """What got through is what may stand there: a text, a number, nothing, a flag, or one more key."""
        changed = {key for key in found.keys() | whole.keys() if found.get(key) != whole.get(key)}
        if not changed:
            return
        key = str(place[-1])
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = (
            value is None
            or value is True
            or (isinstance(value, str) and key in self.texts)
            or (number and (isinstance(value, int) or key in self.numbers))
            or value == {"nasty-value": "nasty-value"}
        )
        assert fits, (place, value, changed)
        assert not changed & FIGURES or value is None or (number and key in self.numbers), (place, value, changed)
