"""The vendor's filter strings: `key:value,key:value`, several values of one key between pipes.

A key that is not known is ignored, a value that cannot be is refused. Passing any filter replaces the defaults.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, get_args

from invoice_mcp.sandbox.moneybird.figures import number_text
from invoice_mcp.sandbox.moneybird.lifecycle import Desk
from invoice_mcp.sandbox.moneybird.periods import OpenPeriod, parse_instant, parse_period
from invoice_mcp.sandbox.moneybird.records import Contact, Invoice, State, TaxRate
from invoice_mcp.sandbox.moneybird.refusals import Refusal, symbolic

Record = TypeVar("Record")
Test = Callable[[Record], bool]
Maker = Callable[[str], Test[Record]]

_ANY: Final = "all"


def invoice_test(text: str | None, desk: Desk, default: Mapping[str, str]) -> Test[Invoice]:
    """Whether an invoice is in a list that was asked for with `text`.

    Args:
        text: the `filter` of the request, None or empty when there was none.
        default: the terms that hold without a filter.

    Raises:
        Refusal: a value that cannot be.
    """
    given = _terms(text)
    kept = default if not text or desk.switches.filter_defaults == "per_key" else {}
    return _all_of({**kept, **given}, {**_INVOICE_KEYS, "period": functools.partial(_period, desk=desk)})


def tax_rate_test(text: str | None) -> Test[TaxRate]:
    """Whether a tax rate is in a list that was asked for with `text`; there are no defaults.

    Raises:
        Refusal: a value that cannot be.
    """
    return _all_of(_terms(text), _TAX_RATE_KEYS)


def contact_test(text: str | None) -> Test[Contact]:
    """Whether a contact is in a list that was asked for with `text`; there are no defaults.

    Raises:
        Refusal: a value that cannot be.
    """
    return _all_of(_terms(text), _CONTACT_KEYS)


def _terms(text: str | None) -> dict[str, str]:
    """Keys and values; what has no colon is no term."""
    pairs = (term.partition(":") for term in (text or "").split(","))
    return {key.strip(): value for key, colon, value in pairs if colon}


def _all_of(terms: Mapping[str, str], keys: Mapping[str, Maker[Record]]) -> Test[Record]:
    tests = [keys[key](value) for key, value in terms.items() if key in keys]
    return lambda record: all(test(record) for test in tests)


def _refused(error: str) -> Refusal:
    return symbolic(400, error, filter="invalid")


def _period(value: str, desk: Desk) -> Test[Invoice]:
    try:
        period = parse_period(value, desk.today)
    except OpenPeriod:
        raise symbolic(400, "Period must have both a start and end date") from None
    except ValueError:
        raise symbolic(400, "Period is invalid") from None
    longest = desk.switches.longest_period_years
    if longest is not None and (period.end - period.start).days >= longest * 366:
        raise symbolic(400, f"Period cannot exceed {longest * 12} months")
    return lambda invoice: (invoice.invoice_date or desk.today) in period


def _state(value: str) -> Test[Invoice]:
    wanted = set(value.split("|"))
    if not wanted <= {*get_args(State), _ANY}:
        raise _refused("Status is not included in the list")
    return lambda invoice: _ANY in wanted or invoice.state in wanted


def _reference(value: str) -> Test[Invoice]:
    wanted = value.split("|")
    return lambda invoice: invoice.reference in wanted


def _contact_id(value: str) -> Test[Invoice]:
    wanted = _identifier(value, "Contact is invalid")
    return lambda invoice: invoice.contact.id == wanted


def _workflow_id(value: str) -> Test[Invoice]:
    wanted = _identifier(value, "Workflow is invalid")
    return lambda invoice: invoice.workflow_id == wanted


def _recurring_id(value: str) -> Test[Invoice]:
    """No invoice of the double comes from a recurring one."""
    _identifier(value, "Recurring sales invoice is invalid")
    return lambda _: False


def _percentage(value: str) -> Test[TaxRate]:
    wanted = value if "." in value else f"{value}.0"
    return lambda rate: number_text(rate.percentage) == wanted


def _partial_name(value: str) -> Test[TaxRate]:
    return lambda rate: value.casefold() in rate.name.casefold()


def _contact_type(value: str) -> Test[Contact]:
    if value not in {_ANY, "company", "private_individual"}:
        raise _refused("Contact type is not included in the list")
    return lambda contact: value == _ANY or (value == "company") == bool(contact.company_name)


def _identifier(value: str, error: str) -> str:
    if not (value.isascii() and value.isdigit()):
        raise _refused(error)
    return value


def _after(attribute: str, name: str) -> Maker[Any]:
    def make(value: str) -> Test[Any]:
        try:
            limit = parse_instant(value)
        except ValueError:
            raise _refused(f"{name} is invalid") from None
        return lambda record: bool(getattr(record, attribute) > limit)

    return make


def _text(attribute: str) -> Maker[Any]:
    def make(value: str) -> Test[Any]:
        return lambda record: (getattr(record, attribute) or "").casefold() == value.casefold()

    return make


def _one_of(attribute: str, *allowed: str) -> Maker[Any]:
    def make(value: str) -> Test[Any]:
        wanted = set(value.split("|"))
        if not wanted <= {*allowed, _ANY}:
            raise _refused(f"{attribute.replace('_', ' ').capitalize()} is not included in the list")
        return lambda record: _ANY in wanted or str(getattr(record, attribute)).casefold() in wanted

    return make


_CREATED_AFTER: Final = _after("created_at", "Created after")

_INVOICE_KEYS: Final[dict[str, Maker[Invoice]]] = {
    "state": _state,
    "reference": _reference,
    "contact_id": _contact_id,
    "workflow_id": _workflow_id,
    "recurring_sales_invoice_id": _recurring_id,
    "created_after": _CREATED_AFTER,
    "updated_after": _after("updated_at", "Updated after"),
}

# Tax rates and contacts of the double never change, so they were last updated when they were made.
_TAX_RATE_KEYS: Final[dict[str, Maker[TaxRate]]] = {
    "name": _text("name"),
    "partial_name": _partial_name,
    "percentage": _percentage,
    "tax_rate_type": _one_of("tax_rate_type", "sales_invoice", "purchase_invoice", "general_journal_document"),
    "country": _text("country"),
    "show_tax": _one_of("show_tax", "true", "false"),
    "active": _one_of("active", "true", "false"),
    "created_after": _CREATED_AFTER,
    "updated_after": _after("created_at", "Updated after"),
}

_CONTACT_KEYS: Final[dict[str, Maker[Contact]]] = {
    "first_name": _text("firstname"),
    "last_name": _text("lastname"),
    "invoice_workflow_id": _text("invoice_workflow_id"),
    "contact_type": _contact_type,
    "delivery_method": _one_of("delivery_method", "email", "post", "manual", "peppol", "simplerinvoicing"),
    "created_after": _CREATED_AFTER,
    "updated_after": _after("created_at", "Updated after"),
}
