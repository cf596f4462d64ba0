"""The second act: five more systems beside the ledger, from who owes most to the reminders and the payments."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.cli.demo.stage import Stage, told
from invoice_mcp.clock import MovedClock, SystemClock
from invoice_mcp.sandbox.customers import CUSTOMERS
from invoice_mcp.sandbox.together import DOUBLES, running_together

MORNING: Final = dt.datetime(2026, 4, 1, 7, tzinfo=dt.UTC)
"""When the act begins; the books of the doubles end then, so every figure is the same in each demo."""

HOTEL: Final = CUSTOMERS[0].name
PART: Final = "20000.00"
"""What the hotel pays of its largest invoice."""

_MAIL: Final = '\n[mail]\nfrom = "Studio Noord <hello@example.com>"\n'

Row = Mapping[str, str]


async def play(stage: Stage, jansen: Mapping[str, Any]) -> None:
    """Play it; `jansen` is an invoice of the ledger that is paid in part.

    Raises:
        OutOfScript: something was not answered as told.
    """
    date = MORNING.date().isoformat()
    async with running_together(MovedClock(MORNING, SystemClock())) as together:
        title = "Wednesday 1 April: the studio has grown, and bills from six systems"
        async with stage.day(date, title, _MAIL + together.configuration()):
            stage.screen.tells(
                "The ledger got company: Moneybird (books), Productive (agency), Tribe CRM (crm), YSuite (ysuite) and "
                "Next (site). Here these are doubles on this machine, which speak as the vendors do and keep state."
            )
            before = await who_owes_most(stage)
            overdue = await one_buyer_everywhere(stage)
            await remind(stage, overdue)
            paid = await pay(stage, overdue, jansen)
            await look_again(stage, before, paid)
    stage.configure(date)  # what is kept leads to the ledger alone, for the doubles are gone


async def who_owes_most(stage: Stage) -> Mapping[str, Decimal]:
    """One question to six systems; what is overdue, per currency."""
    stage.screen.asks("Who owes us most, anywhere?")
    answer = await stage.call("search_invoices", status=["overdue"], group_by="buyer", limit=6)
    stage.screen.found(
        answer, ("key", "currency", "count", "overdue_amount", "oldest_due_date", "same_name"), ("overdue_amount",)
    )
    top = _rows(answer)[0]
    told(top["key"] == HOTEL and len(top["buyer_ids"].split()) > 1, "the hotel owes most, in more than one system")
    told("incomplete" not in answer, "all six systems answered")
    stage.screen.tells(
        "A buyer of several systems is one where a VAT number or an e-mail address proves it. Where only the name is "
        "the same, that is said, and nothing is added up. Nor are currencies."
    )
    return _sums(answer)


async def one_buyer_everywhere(stage: Stage) -> Mapping[str, Row]:
    """The latest overdue invoice of the hotel in each system, by account."""
    stage.screen.asks(f"What is overdue at {HOTEL}, and where? The latest of each system will do.")
    answer = await stage.call("search_invoices", status=["overdue"], buyer=HOTEL, limit=100)
    latest: dict[str, Row] = {}
    for row in _rows(answer):
        latest.setdefault(row["ref"].partition(":")[0], row)
    columns = ("invoice_number", "due_date", "currency", "payable_amount")
    rows = [(account, *(row[column] for column in columns)) for account, row in latest.items()]
    stage.screen.table(("account", *columns), rows)
    told(set(latest) == set(DOUBLES), "the hotel is late in each of the five systems")
    return latest


async def remind(stage: Stage, overdue: Mapping[str, Row]) -> None:
    """Some systems remind by themselves, for some it is done here, and one cannot be reminded in at all."""
    screen = stage.screen
    screen.asks("Remind them of each.")
    error = await stage.refused("unsupported", "send_reminder", refs=[overdue["site"]["ref"]])
    told("Next has no reminders" in error["message"], "the refusal says which system cannot")
    able = {row["ref"]: account for account, row in overdue.items() if account != "site"}
    answer = await stage.call("send_reminder", refs=list(able))
    receipts = [(able[each["ref"]], each["outcome"], each.get("to", each.get("reason"))) for each in answer["receipts"]]
    screen.table(("account", "outcome", "to, or why not"), receipts)
    told({outcome for _, outcome, _ in receipts} == {"sent", "queued"}, "each is sent there or waits in the outbox")
    screen.tells(
        "Sent: by Moneybird and by Productive themselves. Queued: Tribe CRM and YSuite remind nobody, so the mail is "
        "written here, to the address they have on file."
    )


async def pay(stage: Stage, overdue: Mapping[str, Row], jansen: Mapping[str, Any]) -> Mapping[str, Decimal]:
    """Money comes in, everywhere; how much of what was overdue, per currency."""
    screen = stage.screen
    screen.asks(
        f"The bank says: {HOTEL} paid {PART} of the one in books, and those of agency, crm and site. Jansen paid too."
    )
    due = [
        (row["ref"], PART if account == "books" else row["payable_amount"], row["currency"])
        for account, row in overdue.items()
        if account != "ysuite"  # whose API takes no payments
    ]
    left = await stage.call("get_invoice", ref=jansen["ref"])
    due.append((left["ref"], left["payable_amount"], left["currency"]))
    paid: dict[str, Decimal] = {}
    for ref, amount, currency in due:
        answer = await stage.call("register_payment", ref=ref, amount=amount)
        before, after = answer["before"], answer["after"]
        screen.answer(
            f"{answer['outcome']}: {before['status']}, {before['payable_amount']} payable → "
            f"{after['status']}, {after['payable_amount']} payable"
        )
        fallen = Decimal(before["payable_amount"]) - Decimal(after["payable_amount"])
        told(fallen == Decimal(amount), f"what is payable falls by {amount}")
        paid[currency] = paid.get(currency, Decimal(0)) + Decimal(amount)
    return paid


async def look_again(stage: Stage, before: Mapping[str, Decimal], paid: Mapping[str, Decimal]) -> None:
    """What is overdue fell by what was paid, to the cent and in each currency."""
    stage.screen.asks("And who owes us most now?")
    answer = await stage.call("search_invoices", status=["overdue"], group_by="buyer", limit=3)
    stage.screen.found(answer, ("key", "currency", "count", "overdue_amount"), ("overdue_amount",))
    expected = {currency: amount - paid.get(currency, Decimal(0)) for currency, amount in before.items()}
    told(_sums(answer) == expected, "what is overdue anywhere fell by what was paid, per currency")
    stage.screen.tells(
        "What is overdue fell by what was paid, in each currency, to the cent; that was checked as well."
    )


def _rows(answer: Mapping[str, Any]) -> Sequence[Row]:
    return [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]


def _sums(answer: Mapping[str, Any]) -> Mapping[str, Decimal]:
    return {each["currency"]: Decimal(each["overdue_amount"]) for each in answer["totals"]}
