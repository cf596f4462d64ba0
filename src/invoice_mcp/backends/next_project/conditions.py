"""Which lists to ask Next for: conditions in our words, as terms of `filter_str` under the account's names.

All conditions of a list hold together; Next knows no "or". So what is an "or" here becomes several lists, and every
condition is checked on the rows again.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from operator import attrgetter
from typing import Final, NamedTuple

from invoice_mcp.backends.next_project.fields import Layout
from invoice_mcp.domain.query import InvoiceQuery
from invoice_mcp.domain.status import Kind, Status
from invoice_mcp.errors import InvalidRequest, Unsupported
from invoice_mcp.wire.json_filter import Operator, Scalar, Term, json_filter

MAX_NUMBER: Final = 100
"""Characters of a number that is looked up."""

_EVER: Final = dt.date(1900, 1, 1)
_MAX_DIGITS: Final = 18
_DRAFT: Final = "FU"


class Condition(NamedTuple):
    """One condition, by the word of its field."""

    word: str
    operator: Operator
    value: Scalar | Sequence[Scalar]


Conditions = tuple[Condition, ...]


def _is(word: str, value: Scalar) -> Condition:
    return Condition(word, Operator.EQUALS, value)


def _from(word: str, value: Scalar) -> Condition:
    return Condition(word, Operator.AT_LEAST, value)


def _up_to(word: str, value: Scalar) -> Condition:
    return Condition(word, Operator.AT_MOST, value)


_TIGHTER: Final[Mapping[Operator, Callable[..., Condition]]] = {Operator.AT_LEAST: max, Operator.AT_MOST: min}

_LOCKED: Final = _is("locked", True)
_DRAFTS: Final = (_is("locked", False),)
_SETTLED: Final = (_LOCKED, _from("paid_date", _EVER))
_UNSETTLED: Final = (_LOCKED, _is("paid_date", None))
_UNSETTLED_NOTES: Final = (*_UNSETTLED, _is("credit_note", True))
_UNSETTLED_NOTHING: Final = (*_UNSETTLED, _from("customer_amount", 0), _up_to("customer_amount", 0))
_UNSETTLED_CREDITED: Final = (*_UNSETTLED, _from("credited_by", 0))


def said(conditions: Iterable[Condition], layout: Layout) -> str | None:
    """The `filter_str` of a list; None for one without conditions."""
    terms = [Term(layout.names.of[each.word], each.operator, each.value) for each in conditions]
    return json_filter(terms) if terms else None


def lists_for(query: InvoiceQuery, layout: Layout, local: Callable[[dt.datetime], dt.datetime]) -> list[Conditions]:
    """The lists in which everything that matches is; none when nothing can. `local` tells the account's own time.

    Raises:
        Unsupported: a field that is asked for has no known name in this account.
        InvalidRequest: text that cannot stand in a filter.
    """
    _check_named(query, layout)
    always = [*_days(query), *_others(query)]
    if query.updated_since is not None:
        # An hour more, since local time has one hour twice.
        always.append(_from("updated_at", local(query.updated_since - dt.timedelta(hours=1))))
    lists = [
        _joined((*always, *status, *buyer)) for status, buyer in product(_by_status(query), _by_buyer(query.buyer))
    ]
    return [conditions for conditions in lists if conditions is not None]


def number_lists(number: str) -> list[Conditions]:
    """The lists in which an invoice that bears `number` is: by its own number, its draft's, or the accounting system's.

    Raises:
        InvalidRequest: this cannot be a number.
    """
    text = number.strip()
    if not text or not text.isprintable() or len(text) > MAX_NUMBER:
        raise InvalidRequest(
            "This cannot be an invoice number in Next.",
            next="Give the number as it is printed, or search with buyer.",
            field="invoice_number",
        )
    draft = text.upper().removeprefix(_DRAFT)
    if text.upper().startswith(_DRAFT) and _is_whole(draft):
        return [(_is("invoice_number", f"{_DRAFT}{draft}"),)]
    own = [(_is("number", int(text)),)] if _is_whole(text) else []
    return [*own, (_is("external_number", text),)]


def buyer_lists(buyer: str) -> list[Conditions]:
    """The lists in which the invoices of a buyer are, of this id or with this in the name.

    Raises:
        InvalidRequest: text that cannot stand in a filter.
    """
    return _by_buyer(buyer)


def _joined(conditions: Iterable[Condition]) -> Conditions | None:
    """One condition for each field and operator, as an object has each key once; None when two exclude each other."""
    found: dict[tuple[str, Operator], Condition] = {}
    for each in conditions:
        known = found.setdefault((each.word, each.operator), each)
        if each.operator in _TIGHTER:
            found[each.word, each.operator] = _TIGHTER[each.operator]((known, each), key=attrgetter("value"))
        elif known.value != each.value:
            return None
    return tuple(found.values())


def _by_buyer(buyer: str | None) -> list[Conditions]:
    if buyer is None:
        return [()]
    if not buyer or not buyer.isprintable():
        raise InvalidRequest(
            "This cannot be the name of a buyer.", next="Give a name on one line, or a buyer_id.", field="buyer"
        )
    named = (Condition("customer_name", Operator.CONTAINS, buyer),)
    return [(_is("customer_id", int(buyer)),), named] if _is_whole(buyer) else [named]


def _by_status(query: InvoiceQuery) -> list[Conditions]:
    """The lists in which invoices of the wanted statuses are."""
    if not query.statuses:
        return [()]
    late = (*_UNSETTLED, _up_to("due_date", query.today - dt.timedelta(days=1)))
    unsettled: dict[Status, list[Conditions]] = {
        Status.OVERDUE: [late],
        Status.CANCELLED: [_UNSETTLED_CREDITED],
        Status.PAID: [_UNSETTLED_NOTES, _UNSETTLED_NOTHING],
    }
    wanted: list[Conditions] = [_DRAFTS] if Status.DRAFT in query.statuses else []
    wanted += [_SETTLED] if Status.PAID in query.statuses else []
    if Status.OPEN in query.statuses:
        return [*wanted, _UNSETTLED]
    return [*wanted, *(one for status, lists in unsettled.items() if status in query.statuses for one in lists)]


def _days(query: InvoiceQuery) -> Iterable[Condition]:
    bounds = (
        ("issue_date", query.issued_from, query.issued_to),
        ("due_date", query.due_from, query.due_to),
        ("paid_date", query.paid_from, query.paid_to),
    )
    for word, first, last in bounds:
        if first is not None:
            yield _from(word, first)
        if last is not None:
            yield _up_to(word, last)


def _others(query: InvoiceQuery) -> Iterable[Condition]:
    if query.kind is not None:
        yield _is("credit_note", query.kind is Kind.CREDIT_NOTE)
    reference = query.buyer_reference
    if reference is not None:
        if not reference.isprintable():
            raise InvalidRequest(
                "This cannot be a buyer's reference.", next="Give it on one line.", field="buyer_reference"
            )
        yield _is("customer_reference", reference)


def _check_named(query: InvoiceQuery, layout: Layout) -> None:
    wanted = (
        ("updated_at", "updated_since", query.updated_since is not None),
        ("updated_at", "sort", query.sort.key == "updated_at"),
        ("customer_reference", "buyer_reference", query.buyer_reference is not None),
    )
    for word, argument, asked in wanted:
        if asked and word in layout.lacking:
            raise Unsupported(
                f"{argument} cannot be used: the name of Next's field for it is not known in this account.",
                next=f'Leave it out, or ask the user to set fields = {{ {word} = "…" }} in the account.',
                field=argument,
            )


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
