"""The story: what a freelancer says in a month, what is called for it, and what has to come of it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.cli.demo import everywhere
from invoice_mcp.cli.demo.stage import Stage, told

Invoices = dict[str, Mapping[str, Any]]
"""Invoices as a tool answered with them, by the word that the story has for their buyer."""

JANSEN: Final[dict[str, Any]] = {
    "name": "Bakkerij Jansen B.V.",
    "email": "administratie@bakkerijjansen.example",
    "new": True,
}
YOGA: Final[dict[str, Any]] = {"name": "Yogastudio Zon", "email": "sanne@yogazon.example", "new": True}
LONDON: Final[dict[str, Any]] = {
    "name": "Harbour & Finch Ltd",
    "email": "accounts@harbourfinch.example",
    "address": {"city": "London", "country_code": "GB"},
    "new": True,
}

_SUMS: Final = ("tax_exclusive_amount", "tax_amount", "tax_inclusive_amount", "payable_amount")


async def play(stage: Stage) -> None:
    """Play it all.

    Raises:
        OutOfScript: something was not answered as told.
    """
    stage.screen.tells(
        "Noor is Studio Noord, a designer who sends her invoices by talking to an assistant. What the assistant "
        "calls is shown after →, what it gets back is real: a server and its ledger, in a folder of their own."
    )
    async with stage.day("2026-03-02", "Monday 2 March 2026: three jobs to bill"):
        invoices = await send(stage, await bill(stage))
    async with stage.day("2026-03-12", "Thursday 12 March: the server was restarted, the book was not"):
        await survive(stage, invoices)
        await take_money(stage, invoices["Jansen"])
    async with stage.day("2026-03-31", "Tuesday 31 March: who owes what?"):
        await look_who_is_late(stage)
        await remind(stage, [invoices["Jansen"], invoices["Yoga"]])
        await cancel(stage, invoices["London"])
        await bill_again(stage, invoices["Jansen"])
        await close_the_month(stage)
    await everywhere.play(stage, invoices["Jansen"])


async def bill(stage: Stage) -> Invoices:
    """Three drafts: prices without VAT, with it, and in another currency."""
    screen = stage.screen
    screen.asks("Bill Bakkerij Jansen for the webshop: 24 hours at 85, and a year of hosting for 120. They are new.")
    lines = [
        {"item_name": "Webshop", "quantity": "24", "unit": "hour", "net_price": "85.00"},
        {"item_name": "Hosting, one year", "net_price": "120.00"},
    ]
    jansen = await draft(stage, buyer=JANSEN, lines=lines)
    told(jansen["tax_inclusive_amount"] == "2613.60", "2160.00 and 21 % VAT are 2613.60")

    screen.asks("Yogastudio Zon gets a logo for 450, VAT included.")
    lines = [{"item_name": "Logo", "net_price": "450.00"}]
    yoga = await draft(stage, buyer=YOGA, lines=lines, prices_include_tax=True)
    told(yoga["tax_inclusive_amount"] == "450.00", "a price with VAT stands to the cent")

    screen.asks("And Harbour & Finch in London a brand workshop: 1850 pounds, no Dutch VAT, thirty days.")
    lines = [{"item_name": "Brand workshop", "net_price": "1850.00", "tax_rate": "0", "tax_category": "O"}]
    london = await draft(stage, buyer=LONDON, lines=lines, currency="GBP", payment_terms_days=30)
    told((london["currency"], london["tax_amount"]) == ("GBP", "0.00"), "pounds, and outside the scope of VAT")
    return {"Jansen": jansen, "Yoga": yoga, "London": london}


async def draft(stage: Stage, **arguments: Any) -> dict[str, Any]:
    """A new draft."""
    answer = await stage.call("create_invoice", **arguments)
    invoice: dict[str, Any] = answer["invoice"]
    stage.screen.invoice(invoice)
    told((answer["outcome"], invoice["status"]) == ("done", "draft"), "a new invoice is a draft")
    told("invoice_number" not in invoice, "a draft has no number")
    return invoice


async def send(stage: Stage, drafts: Invoices) -> Invoices:
    """Each draft gets its number when it is sent, and not before."""
    stage.screen.asks("Fine. Send them; I hand them over myself.")
    sent: Invoices = {}
    for buyer, invoice in drafts.items():
        answer = await stage.call("change_phase", ref=invoice["ref"], phase="sent", deliver="manual")
        told((answer["from"], answer["to"]) == ("draft", "open"), "a draft that is sent is open")
        sent[buyer] = answer["invoice"]
    numbers = [invoice["invoice_number"] for invoice in sent.values()]
    told(numbers == ["2026-0001", "2026-0002", "2026-0003"], "numbers are given at sending, without a gap")
    columns = ("invoice_number", "issue_date", "due_date", "currency", "payable_amount", "payment_reference")
    stage.screen.table(columns, [[invoice[column] for column in columns] for invoice in sent.values()])
    return sent


async def survive(stage: Stage, invoices: Invoices) -> None:
    """What was written is there after a restart."""
    stage.screen.asks("What is open?")
    answer = await stage.call("search_invoices", status=["unpaid"], sort="invoice_number")
    columns = ("invoice_number", "status", "buyer", "due_date", "currency", "payable_amount")
    stage.screen.found(answer, columns, ("payable_amount", "overdue_amount"))
    refs = [row[answer["columns"].index("ref")] for row in answer["rows"]]
    told(refs == [invoice["ref"] for invoice in invoices.values()], "a restarted server finds all three")


async def take_money(stage: Stage, jansen: Mapping[str, Any]) -> None:
    """A part payment, the same call once more, and too much money."""
    screen = stage.screen
    screen.asks("Jansen transferred 1000 yesterday.")
    payment = {"ref": jansen["ref"], "amount": "1000.00", "paid_on": "2026-03-11"}
    answer = await stage.call("register_payment", **payment)
    before, after = answer["before"], answer["after"]
    screen.answer(
        f"{answer['outcome']}: {before['status']}, {before['payable_amount']} payable → "
        f"{after['status']}, {after['payable_amount']} payable"
    )
    told((after["status"], after["payable_amount"]) == ("partially_paid", "1613.60"), "1613.60 is left to pay")

    screen.tells("The answer gets lost on its way, and the chat client simply calls again:")
    again = await stage.call("register_payment", **payment)
    screen.answer(f"{again['outcome']}: {again['notice']}")
    told(again["outcome"] == "replayed", "the same payment again is one payment")
    invoice = await stage.call("get_invoice", ref=jansen["ref"])
    screen.answer(f"{len(invoice['payments'])} payment on it, {invoice['payable_amount']} payable")
    told((len(invoice["payments"]), invoice["payable_amount"]) == (1, "1613.60"), "one payment is on the invoice")

    screen.asks("And today another 5000!")
    error = await stage.refused("invalid_request", "register_payment", ref=jansen["ref"], amount="5000.00")
    told("1613.60" in error["message"], "the refusal says what is payable")


async def look_who_is_late(stage: Stage) -> None:
    """Everything that is owed, by buyer, with totals and by age."""
    stage.screen.asks("Who owes me what, and how late are they?")
    answer = await stage.call("search_invoices", status=["unpaid"], group_by="buyer")
    sums = ("payable_amount", "overdue_amount")
    stage.screen.found(answer, ("key", "currency", "count", *sums, "oldest_due_date"), sums)
    stage.screen.ageing(answer["ageing"])
    owed = {totals["currency"]: (totals["payable_amount"], totals["overdue_amount"]) for totals in answer["totals"]}
    told(owed == {"EUR": ("2063.60", "2063.60"), "GBP": ("1850.00", "0.00")}, "2063.60 euros are overdue, no pounds")
    late = {ageing["currency"]: (ageing["1-30"], ageing["not_due"]) for ageing in answer["ageing"]}
    told(late == {"EUR": ("2063.60", "0.00"), "GBP": ("0.00", "1850.00")}, "they are so for less than a month")


async def remind(stage: Stage, late: Sequence[Mapping[str, Any]]) -> None:
    """A reminder is held back until a person has confirmed the address, and then waits in the outbox."""
    screen = stage.screen
    screen.asks("Remind the two that are late.")
    outcomes = await remind_of(stage, late)
    told(outcomes == [("skipped", "unconfirmed_address")] * 2, "no mail goes to an unconfirmed address")

    screen.tells(
        "Both addresses came out of a chat. An assistant may have misheard them, or been told them by somebody else's "
        "text, so no mail goes there before a person has said yes. Noor knows the one of the bakery:"
    )
    said = await stage.run("buyers", "confirm", late[0]["buyer"]["id"], "--yes")
    told(JANSEN["email"] in said, "the confirmed address is named")

    screen.asks("Now remind them again.")
    outcomes = await remind_of(stage, late)
    told(outcomes == [("queued", JANSEN["email"]), ("skipped", "unconfirmed_address")], "one waits in the outbox")
    mail = stage.mail()
    screen.tells("There is no mail server in this demo, so the reminder waits in the outbox, as a file to be sent:")
    screen.mail(mail)
    told(mail["To"] == JANSEN["email"] and "€1,613.60" in mail["text"], "the mail asks for what is payable")


async def remind_of(stage: Stage, late: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What became of each reminder: the outcome, and to whom or why not."""
    numbers = {invoice["ref"]: invoice["invoice_number"] for invoice in late}
    receipts = (await stage.call("send_reminder", refs=list(numbers)))["receipts"]
    outcomes = [(each["outcome"], each.get("to") or each["reason"]) for each in receipts]
    rows = [(numbers[each["ref"]], *outcome) for each, outcome in zip(receipts, outcomes, strict=True)]
    stage.screen.table(("invoice_number", "outcome", "to, or why not"), rows)
    return outcomes


async def cancel(stage: Stage, london: Mapping[str, Any]) -> None:
    """What cannot be undone is asked for twice."""
    screen = stage.screen
    screen.asks("The workshop in London is off. Cancel that invoice.")
    cancellation = {"ref": london["ref"], "phase": "cancelled", "expected_status": "open"}
    error = await stage.refused("confirmation_required", "change_phase", **cancellation)
    question = error["preview"]["question"]
    screen.output(question)
    told("GBP 1850.00" in question and "credit note" in question, "the question says what would happen")

    screen.asks("Yes, go ahead.")
    answer = await stage.call("change_phase", **cancellation, confirmation=error["confirmation"])
    note = await stage.call("get_invoice", ref=answer["credit_note"])
    screen.answer(
        f"{answer['from']} → {answer['to']}, by credit note {note['invoice_number']} over "
        f"{note['currency']} {note['tax_inclusive_amount']}"
    )
    told((answer["to"], note["tax_inclusive_amount"]) == ("cancelled", "-1850.00"), "a credit note cancels it in full")


async def bill_again(stage: Stage, jansen: Mapping[str, Any]) -> None:
    """The next invoice, like an earlier one."""
    stage.screen.asks("Draft one for Jansen like the last, but with 6 hours of upkeep.")
    lines = [{"item_name": "Upkeep", "quantity": "6", "unit": "hour", "net_price": "85.00"}]
    invoice = await draft(stage, copy_of=jansen["ref"], lines=lines)
    told(invoice["buyer"]["id"] == jansen["buyer"]["id"], "a copy is for the same buyer")


async def close_the_month(stage: Stage) -> None:
    """All there is, and that the totals are the sums of the rows."""
    stage.screen.asks("Show me the whole month.")
    answer = await stage.call("search_invoices", sort="invoice_number", fields=[*_SUMS[:3]])
    stage.screen.found(answer, ("invoice_number", "status", "buyer", "currency", *_SUMS[2:]), _SUMS)
    rows = [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]
    for totals in answer["totals"]:
        kind = (totals["currency"], not totals.get("not_issued", False))
        summed = [row for row in rows if (row["currency"], row["invoice_number"] != "") == kind]
        told(len(summed) == totals["count"], "what has a number counts as issued")
        for name in _SUMS:
            added = sum(Decimal(row[name]) for row in summed)
            told(added == Decimal(totals[name]), f"the {name} of the rows add up to the total")
    told(sum(totals["count"] for totals in answer["totals"]) == len(rows), "every row is in a total")
    stage.screen.tells("Each total was checked against its rows just now: they add up, per currency, to the cent.")
