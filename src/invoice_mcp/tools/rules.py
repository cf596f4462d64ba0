"""What must hold between the arguments of one call, as far as the arguments alone can tell."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.domain.money import minor_units
from invoice_mcp.domain.requests import (
    BuyerInput,
    ChangePhase,
    CreateInvoice,
    GetInvoice,
    LineInput,
    RegisterPayment,
    Request,
    SearchInvoices,
    WriteRequest,
)
from invoice_mcp.domain.status import Kind, Phase, TaxCategory
from invoice_mcp.domain.tax import ZERO_RATE_CATEGORIES
from invoice_mcp.tools.refusals import Problem


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: when `broken`, it is `field` that is refused. `said` goes on after the field's path."""

    field: str
    broken: Callable[[Any], bool]
    said: str
    wanted: str


def _in_order(first: str, last: str) -> Rule:
    def broken(request: Request) -> bool:
        low, high = getattr(request, first), getattr(request, last)
        return low is not None and high is not None and low > high

    return Rule(last, broken, f"and {first} are the wrong way round", f"Swap {first} and {last}, or leave one out.")


def _apart(field: str, other: str) -> Rule:
    def broken(request: Request) -> bool:
        return getattr(request, field) is not None and getattr(request, other) is not None

    return Rule(field, broken, f"does not go with {other}", f"Leave out {field} or {other}.")


def _percentage(field: str) -> Rule:
    def broken(request: Request) -> bool:
        value = getattr(request, field)
        return value is not None and not 0 <= value <= 100

    return Rule(field, broken, "is a percentage from 0 to 100", f'Send {field} as "21" for 21 %.')


def _comes_to(request: CreateInvoice) -> Decimal:
    return sum((line.quantity * line.net_price for line in request.lines or ()), Decimal(0))


_ASIDE: Final = frozenset(WriteRequest.model_fields) | {"account", "kind", "repeat_of", "replaces"}
_DELIVERED: Final = frozenset({Phase.SENT, Phase.SCHEDULED})
_FINAL: Final = frozenset({Phase.UNCOLLECTIBLE, Phase.CANCELLED})
# What a system's own label stands for, and so what goes with it, only its account can tell.
_UNDELIVERED: Final = frozenset(Phase) - _DELIVERED | {"paid"}
_UNDATED: Final = frozenset(Phase) - {Phase.SCHEDULED}

RULES: Final[Mapping[type[Request], tuple[Rule, ...]]] = {
    SearchInvoices: (
        _in_order("issued_from", "issued_to"),
        _in_order("due_from", "due_to"),
        _in_order("paid_from", "paid_to"),
        _in_order("amount_min", "amount_max"),
    ),
    GetInvoice: (
        Rule(
            "ref",
            lambda get: get.ref is None and get.invoice_number is None,
            "or invoice_number is missing",
            "Send ref as search_invoices returns it, or invoice_number as printed.",
        ),
        _apart("invoice_number", "ref"),
        Rule(
            "account",
            lambda get: get.ref is not None and get.account not in (None, get.ref.account),
            "is not the account of ref",
            "Leave out account: ref names it.",
        ),
    ),
    CreateInvoice: (
        Rule(
            "buyer",
            lambda create: not (create.buyer or create.copy_of or create.replaces),
            "is missing; it can only be left out with copy_of or replaces",
            'Send buyer as {"name": "Acme BV"}, or with its id.',
        ),
        Rule(
            "lines",
            lambda create: not (create.lines or create.copy_of or create.replaces),
            "is missing; it can only be left out with copy_of or replaces",
            'Send lines as [{"item_name": "Advice", "net_price": "95.00"}].',
        ),
        Rule(
            "lines",
            lambda create: create.kind is Kind.CREDIT_NOTE and _comes_to(create) < 0,
            "come to less than 0; those of a credit note are given as positive and negated here",
            "Send the amounts to credit as positive.",
        ),
        _apart("copy_of", "replaces"),
        Rule(
            "kind",
            lambda create: create.replaces is not None and create.kind is Kind.CREDIT_NOTE,
            "does not go with replaces: a draft stays of its kind",
            "Leave out kind.",
        ),
        Rule(
            "replaces",
            lambda create: create.replaces is not None and create.model_fields_set <= _ASIDE,
            "comes without anything to change",
            "Send what the draft is to say, as lines or due_date.",
        ),
        Rule(
            "account",
            lambda create: create.replaces is not None and create.account not in (None, create.replaces.account),
            "is not the account of replaces",
            "Leave out account: replaces names it.",
        ),
        _apart("payment_terms_days", "due_date"),
        _in_order("issue_date", "due_date"),
    ),
    BuyerInput: (
        Rule(
            "name",
            lambda buyer: buyer.id is None and buyer.name is None,
            "or id is missing",
            'Send buyer as {"name": "Acme BV"}, or with its id.',
        ),
        Rule(
            "id",
            lambda buyer: buyer.id is not None and any(value for name, value in buyer if name != "id"),
            "names a buyer on file, so nothing else about the buyer goes with it",
            "Send id alone; for a new buyer leave out id.",
        ),
    ),
    LineInput: (
        Rule(
            "quantity", lambda line: line.quantity == 0, "may not be 0", 'Send quantity as "1", or leave out the line.'
        ),
        Rule(
            "net_price",
            lambda line: line.quantity < 0 and line.net_price < 0,
            "and quantity are both below 0",
            "For a discount, make one of them negative.",
        ),
        _percentage("discount_percent"),
        _percentage("tax_rate"),
        Rule(
            "tax_category",
            lambda line: line.tax_rate == 0 and line.tax_category in (None, TaxCategory.STANDARD),
            "has to say why tax_rate is 0",
            "One of Z zero-rated, E exempt, AE reverse charge, K intra-EU, G export, O outside scope.",
        ),
        Rule(
            "tax_rate",
            lambda line: line.tax_rate not in (None, 0) and line.tax_category in ZERO_RATE_CATEGORIES,
            "is 0 with every tax_category but S",
            'Send tax_rate "0", or tax_category "S".',
        ),
    ),
    RegisterPayment: (
        *(_apart(field, "undo_payment_id") for field in ("amount", "currency", "paid_on", "method", "reference")),
        Rule(
            "amount",
            lambda payment: payment.amount is not None and payment.amount <= 0,
            "must be more than 0",
            "Send what was received; to take a payment back, send undo_payment_id.",
        ),
        Rule(
            "amount",
            lambda payment: (
                None not in (payment.amount, payment.currency)
                and -payment.amount.normalize().as_tuple().exponent > minor_units(payment.currency)
            ),
            "has more decimals than the currency",
            "Send the amount as it was received.",
        ),
    ),
    ChangePhase: (
        Rule(
            "deliver",
            lambda change: change.phase in _DELIVERED and change.deliver is None,
            "is needed for phase sent and scheduled",
            'Send "email" to have it mailed, or "manual" if the user sends it.',
        ),
        Rule(
            "deliver",
            lambda change: change.phase in _UNDELIVERED and change.deliver is not None,
            "goes with phase sent and scheduled only",
            "Leave out deliver.",
        ),
        Rule(
            "on",
            lambda change: change.phase in _UNDATED and change.on is not None,
            "goes with phase scheduled and paid only",
            "Leave out on.",
        ),
        Rule(
            "expected_status",
            lambda change: change.phase in _FINAL and change.expected_status is None,
            "is needed for phase uncollectible and cancelled",
            'Send the status that get_invoice shows, as "overdue".',
        ),
    ),
}


def broken_rules(request: Request, within: str = "") -> Iterator[Problem]:
    """What `request`, and whatever stands inside it, does wrong. `within` is put before the names of its fields."""
    for rule in RULES.get(type(request), ()):
        if rule.broken(request):
            path = within + rule.field
            yield Problem(path, f"{path} {rule.said}", rule.wanted)
    for name, value in request:
        if isinstance(value, Request):
            yield from broken_rules(value, f"{within}{name}.")
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, Request):
                    yield from broken_rules(item, f"{within}{name}[{index}].")
