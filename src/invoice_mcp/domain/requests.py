"""The arguments of the six tools, as parsed. The published schemas are written from these models.

Parsing takes a JSON number where a decimal string is meant and one value where a list is, and is strict about
everything else.
"""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from numbers import Real
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict

from invoice_mcp.domain.invoice import Ref
from invoice_mcp.domain.money import format_number, minor_units, parse_decimal
from invoice_mcp.domain.query import GroupBy, Sort, SortKey
from invoice_mcp.domain.status import Kind, Status, TaxCategory
from invoice_mcp.domain.text import check_text

MAX_NUMBER_DIGITS: Final = 15
"""A JSON number with more significant digits has been rounded before it arrives."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"[^@\s,;<>\"()\[\]\\:]{{1,64}}@{_LABEL}(?:\.{_LABEL})*")


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, Decimal, Real)):
        raise ValueError('a number is written as a string, as "1210.00"')
    if isinstance(value, (str, int, Decimal)):
        return parse_decimal(str(value))
    shortest = repr(value).removesuffix(".0")
    digits = re.sub(r"[^0-9]", "", shortest).lstrip("0")
    if len(digits) > MAX_NUMBER_DIGITS or "e" in shortest:
        raise ValueError("this number may have been rounded on its way; send it as a string")
    return parse_decimal(shortest)


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("a date is written YYYY-MM-DD")
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value} is not in the calendar") from None


def _instant(value: Any) -> dt.datetime:
    if isinstance(value, str) and _DATE.fullmatch(value):
        return dt.datetime.combine(_date(value), dt.time(), dt.UTC)
    try:
        if isinstance(value, str) and _INSTANT.fullmatch(value):
            value = dt.datetime.fromisoformat(value)
        if isinstance(value, dt.datetime) and value.tzinfo is not None:
            return value.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("an instant is written with its time zone, as 2026-03-01T09:30:00Z")


def _matching(pattern: re.Pattern[str], message: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(message)
        return value

    return AfterValidator(check)


def _currency(value: str) -> str:
    minor_units(value)
    return value


def _sort(value: Any) -> Sort:
    if isinstance(value, Sort):
        return value
    try:
        return Sort.parse(value)
    except (ValueError, AttributeError):
        raise ValueError("one of " + ", ".join(SortKey) + ", with a leading - for descending") from None


def _ref(value: Any) -> Ref:
    return value if isinstance(value, Ref) else Ref.parse(str(value))


def _text(max_length: int) -> AfterValidator:
    return AfterValidator(lambda value: check_text(value, max_length))


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Number = Annotated[Decimal, BeforeValidator(_decimal)]
Date = Annotated[dt.date, BeforeValidator(_date)]
Instant = Annotated[dt.datetime, BeforeValidator(_instant)]
CurrencyCode = Annotated[str, AfterValidator(_currency)]
InvoiceRef = Annotated[Ref, BeforeValidator(_ref)]
Switch = Annotated[bool, Strict()]
WholeNumber = Annotated[int, Strict()]
Name = Annotated[str, _text(200)]
Words = Annotated[str, _text(500)]
AccountName = Annotated[str, _text(32)]
Email = Annotated[
    str, _text(254), _matching(_EMAIL, "an e-mail address is written name@example.com, without a display name")
]
CountryCode = Annotated[str, _matching(_COUNTRY, "a country is two capital letters, as NL (ISO 3166-1)")]
IdempotencyKey = Annotated[str, _matching(_KEY, "a key has 8 to 64 letters, digits, - or _")]
StatusFilter = Literal[
    "unpaid", "open", "partially_paid", "overdue", "paid", "draft", "scheduled", "uncollectible", "cancelled", "unknown"
]
ExtraColumn = Literal[
    "buyer_id",
    "subject",
    "tax_exclusive_amount",
    "tax_amount",
    "tax_inclusive_amount",
    "paid_on",
    "sent_on",
    "created_at",
    "reminder_count",
    "last_reminder_on",
    "vendor_status",
    "flags",
]


class Request(BaseModel):
    """Base of the requests: frozen, unknown arguments refused, values never echoed by pydantic."""

    # Deferred: the validators of a tool are built by its first call, not while the server starts.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)

    def given(self, exclude: frozenset[str] = frozenset()) -> dict[str, Any]:
        """The arguments that say more than the default, but for `exclude`, as plain JSON values.

        The same question or write gives the same values however it was spelled: 100, "100" and "100.00" are one.
        """
        dumped = self.model_dump(exclude_defaults=True, exclude=set(exclude))
        plain: dict[str, Any] = _plain(dumped)
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return format_number(value)
    return value if isinstance(value, (str, int, bool)) or value is None else str(value)


class SearchInvoices(Request):
    """search_invoices"""

    accounts: Annotated[list[AccountName], BeforeValidator(_listed)] | None = Field(None, description="Default all")
    text: Words | None = Field(None, description="Whole words, all must occur; word* is a prefix")
    buyer: Name | None = Field(None, description="Part of the name, or buyer_id")
    invoice_number: Name | None = Field(None, description="As printed")
    buyer_reference: Name | None = Field(None, description="The buyer's own")
    status: Annotated[list[StatusFilter], BeforeValidator(_listed)] | None = Field(
        None, description="unpaid = open, partially_paid, overdue"
    )
    kind: Kind | None = Field(None, description="Default both")
    issued_from: Date | None = Field(None, description="YYYY-MM-DD, inclusive")
    issued_to: Date | None = Field(None, description="Inclusive")
    due_from: Date | None = Field(None, description="Inclusive")
    due_to: Date | None = Field(None, description="Inclusive")
    paid_from: Date | None = Field(None, description="Inclusive")
    paid_to: Date | None = Field(None, description="Inclusive")
    updated_since: Instant | None = Field(None, description="RFC 3339")
    amount_min: Number | None = Field(None, description="Of total or payable")
    amount_max: Number | None = Field(None, description="Of total or payable")
    currency: CurrencyCode | None = Field(None, description="ISO 4217")
    sort: Annotated[Sort, BeforeValidator(_sort)] = Field(
        Sort(),
        description="issue_date, due_date, payable_amount, tax_inclusive_amount, buyer, invoice_number, updated_at; "
        "-issue_date (default) descends",
    )
    group_by: GroupBy | None = Field(None, description="Sums instead of rows")
    limit: WholeNumber = Field(20, ge=1, le=100, description="1 to 100; default 20")
    cursor: Annotated[str, _text(400)] | None = Field(None, description="next_cursor; all else unchanged")
    fields: Annotated[list[ExtraColumn], BeforeValidator(_listed)] | None = Field(None, description="Extra columns")
    totals: Switch = Field(True, description="Sum all matches; default true")

    def statuses(self) -> frozenset[Status]:
        """The statuses asked for, with `unpaid` written out; empty means all."""
        from invoice_mcp.domain.status import UNPAID

        named = self.status or []
        plain = {Status(word) for word in named if word != "unpaid"}
        return frozenset(plain | set(UNPAID) if "unpaid" in named else plain)


class GetInvoice(Request):
    """get_invoice"""

    ref: InvoiceRef | None = Field(None, description="account:id from search")
    invoice_number: Name | None = Field(None, description="Instead of ref")
    account: AccountName | None = Field(None, description="Where to look")


class AddressInput(Request):
    """An address in a request."""

    street: Name | None = Field(None, description="Street and number")
    postal_code: Name | None = Field(None, description="Postal code")
    city: Name | None = Field(None, description="City")
    country_code: CountryCode | None = Field(None, description="As NL")


class BuyerInput(Request):
    """The buyer of a new invoice: one on file by id or name, or a new one."""

    id: Name | None = Field(None, description="buyer_id")
    name: Name | None = Field(None, description="On file, or new")
    email: Email | None = Field(None, description="New buyers only")
    vat_identifier: Name | None = Field(None, description="VAT number")
    address: AddressInput | None = Field(None, description="New buyers only")
    new: Switch = Field(False, description="Add this buyer")


class LineInput(Request):
    """A line of a new invoice. `net_price` includes VAT when the request says `prices_include_tax`."""

    item_name: Name = Field(description="What is sold")
    description: Words | None = Field(None, description="Details")
    quantity: Number = Field(Decimal(1), description="Default 1")
    unit: Name | None = Field(None, description="As hour")
    net_price: Number = Field(description='Per unit, as "95.00"')
    discount_percent: Number | None = Field(None, description="0 to 100")
    tax_rate: Number | None = Field(None, description="VAT percent; default the account's")
    tax_category: TaxCategory | None = Field(None, description="EN 16931 code, as AE; needed at rate 0")


class WriteRequest(Request):
    """What every write takes."""

    idempotency_key: IdempotencyKey | None = Field(None, description="Same key, done once")
    dry_run: Switch = Field(False, description="Preview only")
    confirmation: Words | None = Field(None, description="Token from confirmation_required")


class CreateInvoice(WriteRequest):
    """create_invoice"""

    account: AccountName | None = Field(None, description="Needed if several can")
    buyer: BuyerInput | None = Field(None, description="id or name on file, or new")
    lines: list[LineInput] | None = Field(None, max_length=200, description="Default those of copy_of")
    copy_of: InvoiceRef | None = Field(None, description="ref: take buyer, lines, terms from it")
    replaces: InvoiceRef | None = Field(None, description="ref of a draft: edit it")
    kind: Kind = Field(Kind.INVOICE, description="credit_note credits copy_of, all or the lines given")
    currency: CurrencyCode | None = Field(None, description="ISO 4217")
    issue_date: Date | None = Field(None, description="Default day of sending")
    due_date: Date | None = Field(None, description="Or payment_terms_days")
    payment_terms_days: WholeNumber | None = Field(None, ge=0, le=3650, description="Days to pay")
    buyer_reference: Name | None = Field(None, description="The buyer's own")
    note: Words | None = Field(None, description="Printed on it")
    prices_include_tax: Switch | None = Field(None, description="net_price includes VAT")
    repeat_of: Name | None = Field(None, description="Operation to repeat on purpose")


class RegisterPayment(WriteRequest):
    """register_payment"""

    ref: InvoiceRef = Field(description="account:id")
    amount: Number | None = Field(None, description="Default all payable")
    currency: CurrencyCode | None = Field(None, description="The invoice's")
    paid_on: Date | None = Field(None, description="Default today")
    method: Name | None = Field(None, description="As cash")
    reference: Name | None = Field(None, description="Of the payment")
    undo_payment_id: Name | None = Field(None, description="Take this one back")
    repeat_of: Name | None = Field(None, description="Operation to repeat on purpose")


class SendReminder(WriteRequest):
    """send_reminder"""

    refs: Annotated[list[InvoiceRef], BeforeValidator(_listed)] = Field(
        min_length=1, max_length=20, description="1 to 20 account:id"
    )
    tone: Literal["friendly", "firm", "final"] = Field("friendly", description="Default friendly")


class ChangePhase(WriteRequest):
    """change_phase"""

    ref: InvoiceRef = Field(description="account:id")
    phase: Name = Field(
        description="sent, scheduled, dubious, uncollectible, cancelled, paused, resumed, or the system's own label"
    )
    on: Date | None = Field(None, description="Date, for scheduled or paid")
    deliver: Literal["email", "manual"] | None = Field(None, description="For sent, scheduled only")
    expected_status: Name | None = Field(None, description="Its status now; for uncollectible, cancelled")
