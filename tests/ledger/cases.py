"""One case of each write, for proofs that try every moment of it; and what a write leaves in the ledger."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import apsw

from tests.flows.conftest import Office, code

Arguments = dict[str, Any]
Case = tuple[str, Callable[[Office, int], Awaitable[Arguments]]]
"""A tool, and what makes all that a call of it needs, anew for each number, and gives its arguments."""

BUYER: Final = "Acme B.V."
CHANGED: Final = "The invoice was changed by somebody else meanwhile; nothing was written."


async def prepare(office: Office) -> None:
    """Make the buyer of all cases, whose address a person has accepted."""
    await office.draft(BUYER, price="0.01")
    await office.confirm_buyers()


def lines(number: int) -> list[dict[str, str]]:
    """Lines of a total that no other number has."""
    return [{"item_name": "Design", "net_price": f"{number}.00"}]


async def sent(office: Office, number: int) -> str:
    return await office.sent(BUYER, price=f"{number}00.00")


async def create(office: Office, number: int) -> Arguments:
    return {"buyer": {"name": BUYER}, "lines": lines(number)}


async def create_with_key(office: Office, number: int) -> Arguments:
    return {**await create(office, number), "idempotency_key": f"creation-{number}"}


async def create_for_a_new_buyer(office: Office, number: int) -> Arguments:
    return {"buyer": {"name": f"New {number}", "new": True}, "lines": lines(number)}


async def edit(office: Office, number: int) -> Arguments:
    return {"replaces": await office.draft(BUYER, price=f"{number}00.00"), "lines": lines(number)}


async def credit(office: Office, number: int) -> Arguments:
    return {"copy_of": await sent(office, number), "kind": "credit_note", "lines": lines(number)}


async def pay_all(office: Office, number: int) -> Arguments:
    return {"ref": await sent(office, number)}


async def pay_part(office: Office, number: int) -> Arguments:
    return {"ref": await sent(office, number), "amount": "60.00"}


async def pay_part_with_key(office: Office, number: int) -> Arguments:
    return {**await pay_part(office, number), "idempotency_key": f"payment-{number}"}


async def take_back(office: Office, number: int) -> Arguments:
    ref = await sent(office, number)
    paid = await office.call("register_payment", ref=ref, amount="60.00")
    return {"ref": ref, "undo_payment_id": paid["payment"]["id"]}


async def send_by_hand(office: Office, number: int) -> Arguments:
    return {"ref": await office.draft(BUYER, price=f"{number}00.00"), "phase": "sent", "deliver": "manual"}


async def send_by_mail(office: Office, number: int) -> Arguments:
    return {**await send_by_hand(office, number), "deliver": "email"}


async def send_a_credit_note(office: Office, number: int) -> Arguments:
    note = await office.call("create_invoice", **await credit(office, number))
    return {"ref": note["invoice"]["ref"], "phase": "sent", "deliver": "manual"}


async def pause(office: Office, number: int) -> Arguments:
    return {"ref": await sent(office, number), "phase": "paused"}


async def pause_with_key(office: Office, number: int) -> Arguments:
    return {**await pause(office, number), "idempotency_key": f"pause-of-{number}"}


async def cancel(office: Office, number: int) -> Arguments:
    return await confirmed(office, await sent(office, number), "cancelled", "open")


async def discard(office: Office, number: int) -> Arguments:
    return await confirmed(office, await office.draft(BUYER, price=f"{number}00.00"), "cancelled", "draft")


async def give_up(office: Office, number: int) -> Arguments:
    return await confirmed(office, await sent(office, number), "uncollectible", "open")


async def remind(office: Office, number: int) -> Arguments:
    ref = await office.sent(BUYER, price=f"{number}00.00", payment_terms_days=0)
    office.clock.advance(days=1)
    return {"refs": [ref]}


async def confirmed(office: Office, ref: str, phase: str, status: str) -> Arguments:
    """The arguments of a call that was announced, with the token that came back."""
    asked = {"ref": ref, "phase": phase, "expected_status": status}
    answer = await office.call("change_phase", **asked)
    assert code(answer) == "confirmation_required"
    return {**asked, "confirmation": answer["error"]["confirmation"]}


CASES: Final[Mapping[str, Case]] = {
    make.__name__: (tool, make)
    for tool, makes in {
        "create_invoice": (create, create_with_key, create_for_a_new_buyer, edit, credit),
        "register_payment": (pay_all, pay_part, pay_part_with_key, take_back),
        "send_reminder": (remind,),
        "change_phase": (
            send_by_hand, send_by_mail, send_a_credit_note, pause, pause_with_key, cancel, discard, give_up,
        ),
    }.items()
    for make in makes
}  # fmt: skip

_LEFT: Final = """
SELECT 'buyers', count(*) FROM buyers
UNION ALL SELECT kind || ' ' || state, count(*) FROM invoices GROUP BY 1
UNION ALL SELECT 'changes of invoices', sum(version) FROM invoices
UNION ALL SELECT 'payments', count(*) FROM payments WHERE undone_at IS NULL
UNION ALL SELECT 'payments taken back', count(*) FROM payments WHERE undone_at IS NOT NULL
UNION ALL SELECT 'mails ' || outcome, count(*) FROM mails GROUP BY 1
UNION ALL SELECT 'reminders', sum(reminder_count) FROM invoices
UNION ALL SELECT 'phase ' || phase, count(*) FROM phases GROUP BY 1
UNION ALL SELECT 'operations', count(*) FROM operations
"""


Change = dict[str, int]


class Ledger:
    """The ledger of an office, as another program counts it."""

    def __init__(self, office: Office) -> None:
        self.path: Path = office.folder / "books" / "ledger.db"
        self._office = office

    def count(self) -> Counter[str]:
        """How much there is of everything a write can leave; the files in the outbox too."""
        with closing(apsw.Connection(str(self.path))) as connection:
            found = Counter(dict(connection.execute(_LEFT)))
        return found + Counter({"files in the outbox": len(self._office.outbox())})

    def change_since(self, before: Counter[str]) -> Change:
        """What there is more or less of than `before`."""
        now = self.count()
        return {name: now[name] - before[name] for name in now | before if now[name] != before[name]}


def answered(answer: dict[str, Any]) -> bool:
    """Whether a call was carried out, now or before, or found nothing left to do; not refused."""
    receipts = answer.get("receipts", [answer])
    return all(each.get("outcome") in ("done", "replayed", "queued") for each in receipts)


async def call_again(office: Office, tool: str, arguments: Arguments) -> dict[str, Any]:
    """The same call; where its confirmation was spent on nothing, with a new one, as it is told to."""
    answer = await office.call(tool, **arguments)
    if answer.get("error", {}).get("field") != "confirmation":
        return answer
    return await office.agreed(tool, **{name: value for name, value in arguments.items() if name != "confirmation"})


READS: Final = ("search_invoices", "get_invoice")
WRITES: Final = ("create_invoice", "register_payment", "send_reminder", "change_phase")
TOOLS: Final = (*READS, *WRITES)


async def keep_a_small_book(office: Office) -> dict[str, str]:
    """Make a draft and an overdue invoice; their refs, as `call_every_tool` takes them."""
    await prepare(office)
    late = await office.sent(BUYER, price="1000.00", payment_terms_days=0)
    office.clock.advance(days=1)
    return {"draft": await office.draft(BUYER, price="2000.00"), "late": late}


async def call_every_tool(office: Office, refs: Mapping[str, str], number: int) -> dict[str, dict[str, Any]]:
    """The answer of each tool to a call that it has not had before, unless `number` is the same."""
    calls: dict[str, Arguments] = {
        "search_invoices": {},
        "get_invoice": {"ref": refs["late"]},
        "create_invoice": {"buyer": {"name": BUYER}, "lines": lines(number)},
        "register_payment": {"ref": refs["late"], "amount": "1.00", "reference": f"{number}"},
        "send_reminder": {"refs": [refs["late"]]},
        "change_phase": {"ref": refs["draft"], "phase": "sent", "deliver": "manual"},
    }
    return {tool: await office.call(tool, **arguments) for tool, arguments in calls.items()}
