"""What is not known for certain about Moneybird, one switch each; the defaults are the likeliest reading."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

Choice = Literal["accepted", "refused"]


@dataclass(frozen=True, slots=True)
class Switches:
    """How the double behaves where the vendor's documents are silent, contradict each other, or were only observed.

    Attributes:
        requests_per_window: requests per address and five minutes; None for no limit.
        ratelimit_remaining: what `RateLimit-Remaining` counts. The OpenAPI file says requests; in 2026 it was seen to
            hold the seconds left, with the count in `RateLimit-RequestsRemaining`.
        default_per_page: page size when none is asked for; clients in use disagree (50 and 100).
        page_past_the_end: `accepted` answers an empty list, `refused` a 400.
        order: of lists. The recorded examples are newest first; no page says so.
        filter_defaults: whether a filter replaces the default `period:this_year` (OpenAPI file) or only the keys it
            names (older page).
        longest_period_years: a `period` over more years is refused; None for no limit, as seen in use.
        find_by_reference: which of several invoices with one reference is found.
        administration_ids: how `administration_id` is written inside records; the examples hold both.
        foreign_administration: the status for an administration that the token does not open; a 404 was seen, and no
            page names one.
        expired: whether a token that has expired is told from a wrong one, as RFC 6750 has it. Today's do not expire;
            Moneybird keeps it open that others will.
        unknown_attributes: what becomes of attributes outside the schema. The schema excludes them, and yet published
            clients send some (`payments` in a create), so they seem to be ignored.
        line_amount: `times` shows a bare quantity as `2 x`, `as_given` as `2`.
        tax_rounding: whether VAT is rounded once per rate or once per line.
        monthly_invoice_limit: creates per calendar month on a free plan, then 402; None for no limit.
        late_from: the day on which an unpaid invoice becomes `late`.
        reminder_expires: whether `reminded` falls back to `late` when the next workflow step is due.
        reminder_before_due: a reminder for an invoice that is not due yet.
        mismatched_reminder: a reminder whose four ids are not those of its invoices; `accepted` answers 200 and sends
            nothing for them.
        undue_among_others: a reminder of several invoices of which one cannot be reminded of; `accepted` leaves that
            one out without a word.
        payment_refusal_status: of a payment on a draft; refused since 2017, with what status is not recorded.
        overpayment: a payment of more than is unpaid.
        loss_preconditions: whether `mark_as_uncollectible` and `mark_as_dubious` demand an open invoice, as they do
            for external sales invoices.
        settlement_names_credit: whether the payment on a credited invoice carries `credit_invoice_id`.
        delete_with_payments: deleting an invoice that has payments. Pending ones always refuse it.
        register_payment_until: the last day of the deprecated `register_payment`; None for ever.
    """

    requests_per_window: int | None = 150
    ratelimit_remaining: Literal["seconds", "requests"] = "seconds"
    default_per_page: int = 50
    page_past_the_end: Choice = "accepted"
    order: Literal["newest_first", "oldest_first"] = "newest_first"
    filter_defaults: Literal["replaced", "per_key"] = "replaced"
    longest_period_years: int | None = None
    find_by_reference: Literal["newest", "oldest"] = "newest"
    administration_ids: Literal["string", "integer"] = "string"
    foreign_administration: Literal[401, 403, 404] = 404
    expired: Literal["silent", "said"] = "silent"
    unknown_attributes: Literal["refused", "ignored"] = "ignored"
    line_amount: Literal["times", "as_given"] = "times"
    tax_rounding: Literal["per_rate", "per_line"] = "per_rate"
    monthly_invoice_limit: int | None = None
    late_from: Literal["day_after_due", "due_day"] = "day_after_due"
    reminder_expires: bool = True
    reminder_before_due: Choice = "accepted"
    mismatched_reminder: Choice = "refused"
    undue_among_others: Choice = "refused"
    payment_refusal_status: Literal[400, 422] = 400
    overpayment: Choice = "accepted"
    loss_preconditions: bool = True
    settlement_names_credit: bool = False
    delete_with_payments: Choice = "refused"
    register_payment_until: dt.date | None = dt.date(2026, 12, 31)
