"""VAT and totals by EN 16931: exact, order-free, symmetric, and never larger than can be stored."""

import decimal
from collections import defaultdict
from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.domain.money import from_minor, minor_units, round_money
from invoice_mcp.domain.status import TaxCategory
from invoice_mcp.domain.tax import (
    InvoiceTotals,
    LineFigures,
    check_rate,
    compute_totals,
    negate,
    resolve_category,
)

S = TaxCategory.STANDARD
BASES = ("exclusive", "inclusive")
Basis = Literal["exclusive", "inclusive"]


def line(quantity: str, price: str, rate: str = "21", category: TaxCategory = S, discount: str = "0") -> LineFigures:
    return LineFigures(Decimal(quantity), Decimal(price), Decimal(discount), category, Decimal(rate))


def summary(totals: InvoiceTotals) -> tuple[str, str, str]:
    return str(totals.tax_exclusive_amount), str(totals.tax_amount), str(totals.tax_inclusive_amount)


KINDS = st.sampled_from(
    [(S, "21"), (S, "9"), (S, "5.5"), (S, "8.875"), (TaxCategory.ZERO_RATED, "0"), (TaxCategory.EXEMPT, "0")]
)
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD"])
QUANTITIES = st.decimals(-1000, 1000, places=2)
PRICES = st.decimals(0, 10_000, places=4)
DISCOUNTS = st.one_of(st.just(Decimal(0)), st.decimals(0, 100, places=2))


@st.composite
def lines(draw: st.DrawFn) -> LineFigures:
    category, rate = draw(KINDS)
    return LineFigures(draw(QUANTITIES), draw(PRICES), draw(DISCOUNTS), category, Decimal(rate))


INVOICES = st.lists(lines(), min_size=1, max_size=12)
PROPERTY = settings(deadline=None, derandomize=True, max_examples=120)


def test_br_co_17_vat_is_rounded_once_per_category_and_rate() -> None:
    totals = compute_totals([line("1", "0.02"), line("1", "0.02"), line("1", "0.02")], "EUR", "exclusive")
    assert summary(totals) == ("0.06", "0.01", "0.07")  # per line it would be 0.00 three times


def test_a_discount_lowers_the_line_and_the_line_is_rounded() -> None:
    totals = compute_totals([line("3", "33.335", discount="10")], "EUR", "exclusive")
    assert totals.line_net_amounts == (Decimal("90.00"),)
    assert totals.line_gross_amounts is None
    assert compute_totals([line("1", "99", discount="100")], "EUR", "exclusive").tax_inclusive_amount == 0


def test_taxes_are_kept_per_category_and_rate_in_order() -> None:
    totals = compute_totals(
        [line("1", "10", "21"), line("1", "10", "9.0"), line("1", "5", "0", TaxCategory.EXEMPT), line("1", "1", "9")],
        "EUR",
        "exclusive",
    )
    assert [
        (tax.tax_category, str(tax.tax_rate), str(tax.taxable_amount), str(tax.tax_amount)) for tax in totals.taxes
    ] == [
        ("E", "0", "5.00", "0.00"),
        ("S", "9", "11.00", "0.99"),
        ("S", "21", "10.00", "2.10"),
    ]


def test_prices_that_include_vat_stand_and_the_net_gives_way() -> None:
    totals = compute_totals([line("1", "9.99"), line("1", "9.99"), line("1", "9.99")], "EUR", "inclusive")
    assert summary(totals) == ("24.77", "5.20", "29.97")
    assert totals.line_gross_amounts == (Decimal("9.99"),) * 3
    assert totals.line_net_amounts == (Decimal("8.26"), Decimal("8.26"), Decimal("8.25"))


def test_what_is_left_over_of_the_net_goes_to_the_largest_remainders() -> None:
    totals = compute_totals([line("1", "0.01"), line("1", "1.00"), line("1", "0.03")], "EUR", "inclusive")
    assert totals.tax_exclusive_amount == Decimal("0.86")  # shares 0.0083, 0.8264, 0.0248
    assert totals.line_net_amounts == (Decimal("0.01"), Decimal("0.83"), Decimal("0.02"))


def test_a_total_that_the_exclusive_rule_would_miss_by_a_cent_stands() -> None:
    missed = [cents for cents in range(1, 1000) if not _net_times_rate_gives(cents)]
    assert len(missed) > 100
    for cents in missed:
        gross = from_minor(cents, "EUR")
        totals = compute_totals([line("1", str(gross))], "EUR", "inclusive")
        assert totals.tax_inclusive_amount == gross


def _net_times_rate_gives(cents: int) -> bool:
    gross = from_minor(cents, "EUR")
    net = round_money(gross * 100 / 121, "EUR")
    return net + round_money(net * 21 / 100, "EUR") == gross


@given(INVOICES, CURRENCIES, st.sampled_from(BASES))
@PROPERTY
def test_br_co_10_13_14_15_the_sums_agree(invoice: list[LineFigures], currency: str, basis: Basis) -> None:
    totals = compute_totals(invoice, currency, basis)
    assert sum(totals.line_net_amounts) == totals.tax_exclusive_amount
    assert sum(tax.taxable_amount for tax in totals.taxes) == totals.tax_exclusive_amount
    assert sum(tax.tax_amount for tax in totals.taxes) == totals.tax_amount
    assert totals.tax_exclusive_amount + totals.tax_amount == totals.tax_inclusive_amount
    nets: dict[tuple[TaxCategory, Decimal], Decimal] = defaultdict(Decimal)
    for figures, net in zip(invoice, totals.line_net_amounts, strict=True):
        nets[figures.tax_category, figures.tax_rate] += net
    assert nets == {(tax.tax_category, tax.tax_rate): tax.taxable_amount for tax in totals.taxes}


@given(INVOICES, CURRENCIES)
@PROPERTY
def test_br_co_17_vat_is_the_rate_of_the_taxable_amount(invoice: list[LineFigures], currency: str) -> None:
    for tax in compute_totals(invoice, currency, "exclusive").taxes:
        assert tax.tax_amount == round_money(tax.taxable_amount * tax.tax_rate / 100, currency)


@given(INVOICES, CURRENCIES)
@PROPERTY
def test_vat_per_line_would_differ_by_no_more_than_half_a_unit_a_line(
    invoice: list[LineFigures], currency: str
) -> None:
    totals = compute_totals(invoice, currency, "exclusive")
    half = from_minor(1, currency) / 2
    for tax in totals.taxes:
        own = [
            net
            for figures, net in zip(invoice, totals.line_net_amounts, strict=True)
            if (figures.tax_category, figures.tax_rate) == (tax.tax_category, tax.tax_rate)
        ]
        by_line = sum(round_money(net * tax.tax_rate / 100, currency) for net in own)
        assert abs(by_line - tax.tax_amount) <= half * (len(own) + 1)


@given(INVOICES, CURRENCIES, st.sampled_from(BASES), st.randoms(use_true_random=False))
@PROPERTY
def test_the_order_of_the_lines_changes_no_total(invoice, currency, basis, random) -> None:
    shuffled = random.sample(invoice, len(invoice))
    one, other = compute_totals(invoice, currency, basis), compute_totals(shuffled, currency, basis)
    assert one.taxes == other.taxes
    assert summary(one) == summary(other)
    assert sorted(one.line_net_amounts) == sorted(other.line_net_amounts)


@given(INVOICES, CURRENCIES, st.sampled_from(BASES))
@PROPERTY
def test_a_credit_note_mirrors_its_invoice_figure_by_figure(
    invoice: list[LineFigures], currency: str, basis: Basis
) -> None:
    totals = compute_totals(invoice, currency, basis)
    credited = [
        LineFigures(-each.quantity, each.net_price, each.discount_percent, each.tax_category, each.tax_rate)
        for each in invoice
    ]
    assert compute_totals(credited, currency, basis) == negate(totals)
    assert negate(negate(totals)) == totals


def test_shares_mirror_even_where_equal_remainders_of_a_sum_of_nothing_compete() -> None:
    refund = compute_totals([line("-2", "0.03"), line("1", "0.03"), line("1", "0.03")], "EUR", "inclusive")
    charge = compute_totals([line("2", "0.03"), line("-1", "0.03"), line("-1", "0.03")], "EUR", "inclusive")
    assert refund.tax_inclusive_amount == refund.tax_exclusive_amount == 0
    assert charge == negate(refund)


@given(INVOICES, CURRENCIES)
@PROPERTY
def test_the_gross_that_was_typed_always_stands(invoice: list[LineFigures], currency: str) -> None:
    totals = compute_totals(invoice, currency, "inclusive")
    assert totals.line_gross_amounts is not None
    assert sum(totals.line_gross_amounts) == totals.tax_inclusive_amount
    unit = from_minor(1, currency)
    for figures, gross, net in zip(invoice, totals.line_gross_amounts, totals.line_net_amounts, strict=True):
        typed = figures.quantity * figures.net_price * (100 - figures.discount_percent) / 100
        assert gross == round_money(typed, currency)
        assert abs(net - gross * 100 / (100 + figures.tax_rate)) < unit


@given(INVOICES, st.sampled_from(BASES))
@PROPERTY
def test_every_amount_has_the_decimals_of_its_currency(invoice: list[LineFigures], basis: Basis) -> None:
    for currency in ("JPY", "EUR", "KWD"):
        totals = compute_totals(invoice, currency, basis)
        shown = [
            *totals.line_net_amounts,
            *(totals.line_gross_amounts or ()),
            *(amount for tax in totals.taxes for amount in (tax.taxable_amount, tax.tax_amount)),
            totals.tax_exclusive_amount,
            totals.tax_amount,
            totals.tax_inclusive_amount,
        ]
        assert {-amount.as_tuple().exponent for amount in shown} == {minor_units(currency)}


def test_no_lines_add_up_to_nothing() -> None:
    assert summary(compute_totals([], "EUR", "exclusive")) == ("0.00", "0.00", "0.00")


def test_nothing_is_rounded_on_the_way_however_many_digits() -> None:
    price = "333333333333333.3333"
    totals = compute_totals([line("0.3", price, discount="0.0001")], "KWD", "exclusive")
    # 0.3 · 333333333333333.3333 · 0.999999 = 99999899999999.99999000001, of which 28 digits would be too few
    assert totals.line_net_amounts == (Decimal("99999900000000.000"),)
    tie = compute_totals([line("1.0000000000000000000000000000000000001", "0.005")], "EUR", "exclusive")
    assert tie.line_net_amounts == (Decimal("0.01"),)
    below = compute_totals([line("0.9999999999999999999999999999999999999", "0.005")], "EUR", "exclusive")
    assert below.line_net_amounts == (Decimal("0.00"),)


def test_the_callers_decimal_context_is_neither_used_nor_changed() -> None:
    with decimal.localcontext(prec=5, rounding=decimal.ROUND_DOWN):
        totals = compute_totals([line("3", "41234.565")], "EUR", "inclusive")
        assert decimal.getcontext().prec == 5
    assert summary(totals) == ("102234.46", "21469.24", "123703.70")


@pytest.mark.parametrize(
    ("currency", "largest"), [("KWD", "999999999999999"), ("CLF", "99999999999999"), ("JPY", "999999999999999")]
)
@pytest.mark.parametrize("basis", BASES)
def test_the_largest_amount_is_taken_and_more_is_refused(currency: str, largest: str, basis: Basis) -> None:
    zero = {"rate": "0", "category": TaxCategory.ZERO_RATED}
    assert compute_totals([line("1", largest, **zero)], currency, basis).tax_inclusive_amount == Decimal(largest)
    for too_much in ([line("1", largest, **zero), line("1", "1", **zero)], [line("10", largest, **zero)]):
        with pytest.raises(ValueError, match="digits before the dot"):
            compute_totals(too_much, currency, basis)


def test_vat_that_lifts_a_total_over_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="digits before the dot"):
        compute_totals([line("1", "999999999999999")], "EUR", "exclusive")


@pytest.mark.parametrize("basis", BASES)
def test_two_hundred_large_lines_in_three_decimals_stay_exact(basis: Basis) -> None:
    totals = compute_totals([line("1", "4999999999999.999", "0", TaxCategory.EXEMPT)] * 200, "KWD", basis)
    assert totals.tax_inclusive_amount == Decimal("999999999999999.800")
    with pytest.raises(ValueError, match="digits before the dot"):
        compute_totals([line("1", "5000000000000", "0", TaxCategory.EXEMPT)] * 200, "KWD", basis)


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        (line("NaN", "1"), "number"),
        (line("1", "Infinity"), "number"),
        (line("1", "1" * 41), "40 digits"),
        (line("1E+500", "1"), "too large"),
        (line("1", "1", discount="100.01"), "discount_percent"),
        (line("1", "1", discount="-1"), "discount_percent"),
        (line("1", "1", rate="-100"), "tax_rate"),
        (line("1", "1", rate="100.5"), "tax_rate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_figures_that_cannot_be_meant_are_refused(figures: LineFigures, message: str) -> None:
    for basis in BASES:
        with pytest.raises(ValueError, match=message):
            compute_totals([figures], "EUR", basis)


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        compute_totals([line("1", "1")], "ABC", "exclusive")


@pytest.mark.parametrize("category", [category for category in TaxCategory if category is not S])
def test_br_z_e_ae_ic_g_o_5_the_other_categories_have_rate_zero(category: TaxCategory) -> None:
    check_rate(category, Decimal(0))
    with pytest.raises(ValueError, match=f"{category} has a tax_rate of 0"):
        check_rate(category, Decimal(21))


def test_br_s_5_standard_has_a_rate_above_zero_and_the_refusal_names_the_others() -> None:
    check_rate(S, Decimal("0.1"))
    check_rate(S, Decimal(100))
    with pytest.raises(ValueError, match=r"Z \(zero-rated\), E .*, AE .*, K .*, G .*, O "):
        check_rate(S, Decimal(0))


@pytest.mark.parametrize("rate", ["-0.01", "100.01"])
@pytest.mark.parametrize("category", [S, TaxCategory.EXEMPT])
def test_a_rate_is_a_percentage(category: TaxCategory, rate: str) -> None:
    with pytest.raises(ValueError, match="0 to 100"):
        check_rate(category, Decimal(rate))


def test_an_omitted_category_is_standard_above_zero_and_asked_for_at_zero() -> None:
    assert resolve_category(Decimal(21), None) is S
    assert resolve_category(Decimal(0), TaxCategory.EXPORT) is TaxCategory.EXPORT
    with pytest.raises(ValueError, match=r"needs a tax_category, one of Z .*, E .*, AE .*, K .*, G .*, O "):
        resolve_category(Decimal(0), None)
    with pytest.raises(ValueError, match="0 to 100"):
        resolve_category(Decimal(101), None)
    with pytest.raises(ValueError, match="goes with S"):
        resolve_category(Decimal(9), TaxCategory.EXEMPT)
