"""Other processes of the tests: `run(NAME, FOLDER, NUMBER)` runs one of the functions below in a program of its own.

The program is started once, without threads, and forks the workers it needs. A worker keeps the books of an office
of its own in the folder that all share, and reports each thing that was acknowledged to it.
"""

import asyncio
import ctypes
import datetime as dt
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from storage.disk import Call, Disk
from storage.programs import CHANGES, environment

from ledger.cases import BUYER, CHANGED, call_every_tool, lines
from ledger.mutants import MUTANTS
from ledger.workers import Answer, Report, crew, reports_of
from tests.flows.conftest import HeldClock, Office

PROCESSES = 4
JOBS = 120
"""What each process does that is killed now and then."""
MORNING = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
LATER = dt.datetime(2026, 3, 4, 9, 0, tzinfo=dt.UTC)
NEW_YEAR = dt.datetime(2026, 12, 31, 4, 0, tzinfo=dt.UTC)


def command(name: str, folder: Path, number: int = 0, mutant: str = "nothing") -> list[str]:
    """How the program is started; its environment is `environment()`."""
    return [sys.executable, "-m", "ledger.programs", name, str(folder), str(number), mutant]


def run(name: str, folder: Path, number: int = 0, mutant: str = "nothing") -> Any:
    """What the program found out."""
    done = subprocess.run(
        command(name, folder, number, mutant), env=environment(), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@asynccontextmanager
async def office_in(folder: Path, now: dt.datetime = MORNING, **parts: str) -> AsyncIterator[Office]:
    office = Office(folder, HeldClock(now), **parts)
    yield office
    await office.services.close()


async def unhindered(office: Office, tool: str, **arguments: Any) -> Answer:
    """The answer of a call that is made again whenever another process changed the invoice during it."""
    while True:
        answer = await office.call(tool, **arguments)
        if answer.get("error", {}).get("message") != CHANGED:
            return answer


async def keep_invoices(folder: Path, number: int, report: Report) -> None:
    """Send `number` invoices of 1210.00; reports their refs."""
    async with office_in(folder) as office:
        for each in range(number):
            report({"ref": await office.sent(f"Buyer {each}", price="1000.00")})


def invoices_in(folder: Path, number: int) -> list[str]:
    """The refs of so many new invoices, made by a process that has ended."""
    [reported] = reports_of([partial(keep_invoices, folder, number)])
    return [each["ref"] for each in reported]


def send_together(folder: Path, times: int) -> list[list[Answer]]:
    """Several processes make drafts and send them, each on a clock of its own, from one year into the next."""
    invoices_in(folder, 1)
    return reports_of([partial(send, folder, worker, times) for worker in range(PROCESSES)])


async def send(folder: Path, worker: int, times: int, report: Report) -> None:
    async with office_in(folder, NEW_YEAR) as office:
        drafts = [await office.draft("Buyer 0", price=f"{worker + 2}{number:03d}.00") for number in range(times)]
        for ref in drafts:
            report(await sent_in_time(office, ref))


async def sent_in_time(office: Office, ref: str) -> Answer:
    """The answer to sending a draft at the first full hour that is not before the date of the last number."""
    while True:
        office.clock.advance(hours=1)
        answer = await office.call("change_phase", ref=ref, phase="sent", deliver="manual")
        if answer.get("error", {}).get("code") != "conflict":
            return answer


def pay_together(folder: Path, times: int) -> list[list[Answer]]:
    """Several processes pay, credit and take back on the same five invoices."""
    refs = invoices_in(folder, 5)
    return reports_of([partial(pay, folder, refs, worker, times) for worker in range(PROCESSES)])


async def pay(folder: Path, refs: Sequence[str], worker: int, times: int, report: Report) -> None:
    """Payments of up to 200.00, sooner or later more than is payable; every fifth is taken back, some is credited."""
    chance = random.Random(worker)
    async with office_in(folder) as office:
        for number in range(times):
            ref, amount, name = chance.choice(refs), f"{chance.randrange(1, 20000) / 100:.2f}", f"{worker}-{number}"
            answer = await unhindered(office, "register_payment", ref=ref, amount=amount, reference=name)
            report({"ref": ref, **answer})
            if number % 5 == 0 and "payment" in answer:
                undone = answer["payment"]["id"]
                report({"ref": ref, **await unhindered(office, "register_payment", ref=ref, undo_payment_id=undone)})
            if number % 5 == 3:
                line = {"item_name": f"Back {name}", "net_price": f"{worker + 1}.{number % 100:02d}"}
                note = await unhindered(office, "create_invoice", copy_of=ref, kind="credit_note", lines=[line])
                if "invoice" in note:
                    await unhindered(office, "change_phase", ref=note["invoice"]["ref"], phase="sent", deliver="manual")


def pay_once_together(folder: Path, rounds: int) -> list[list[Answer]]:
    """Several processes make the same call at the same moment, once for each of so many invoices."""
    refs = invoices_in(folder, rounds)
    start = multiprocessing.get_context("fork").Barrier(PROCESSES, timeout=60)

    async def pay_once(report: Report) -> None:
        async with office_in(folder) as office:
            for number, ref in enumerate(refs):
                await office.invoice(ref)
                start.wait()
                report(await office.call("register_payment", ref=ref, idempotency_key=f"the-only-{number}"))

    return reports_of([pay_once] * PROCESSES)


def work_and_be_killed(folder: Path, rounds: int) -> dict[str, Any]:
    """Several processes do `JOBS` jobs each and are killed in every round; who is killed goes on where it was.

    Its last call may or may not have been acknowledged; it is made again, as by a client that heard nothing.
    """
    [shared] = invoices_in(folder, 1)
    chance = random.Random(rounds)
    done: list[list[Answer]] = [[] for _ in range(PROCESSES)]
    killed = 0
    for _ in range(rounds):
        with crew([partial(do_jobs, folder, shared, number, done[number]) for number in range(PROCESSES)]) as workers:
            for worker in workers:
                worker.hear(chance.randrange(1, 5))
                killed += worker.kill()
        done = [before + worker.reported for before, worker in zip(done, workers, strict=True)]
    rest = reports_of([partial(do_jobs, folder, shared, number, done[number]) for number in range(PROCESSES)])
    return {"killed": killed, "done": [before + after for before, after in zip(done, rest, strict=True)]}


async def do_jobs(folder: Path, shared: str, worker: int, done: Sequence[Answer], report: Report) -> None:
    """Job n makes a draft, sends it, or pays on an invoice that others pay too; those in `done` are over."""
    async with office_in(folder) as office:
        for number in range(len(done), JOBS):
            name = f"{worker}-{number}"
            if number % 3 == 0:
                line = {"item_name": name, "net_price": f"{worker + 2}{number:03d}.00"}
                answer = await office.call("create_invoice", buyer={"name": "Buyer 0"}, lines=[line])
            elif number % 3 == 1:
                ref = done[-1]["invoice"]["ref"]
                answer = await office.call("change_phase", ref=ref, phase="sent", deliver="manual")
            else:
                answer = await unhindered(office, "register_payment", ref=shared, amount="0.01", reference=name)
            assert "error" not in answer, answer
            done = [*done, answer]
            report(answer)


def die_before_changes(folder: Path, every: int) -> list[dict[str, list[Answer]]]:
    """A client makes a draft, mails it and books a payment; killed before one change of the disk, it does it all again.

    In folder n of `folder` that is change n * `every`. Ends with the first that is not killed.
    """

    async def prepare(report: Report) -> None:
        async with office_in(folder / "before") as office:
            await office.draft("Buyer 0", price="1000.00")
            await office.confirm_buyers()

    reports_of([prepare])
    lives = []
    for number in count():
        here = folder / str(number)
        shutil.copytree(folder / "before", here)
        with crew([partial(do_all, here, number * every)]) as [first]:
            killed = first.end()
        [second] = reports_of([partial(do_all, here, None)])
        lives.append({"first": first.reported, "second": second})
        if not killed:
            return lives
    raise AssertionError


async def do_all(folder: Path, last_change: int | None, report: Report) -> None:
    changes = count()

    def kill(call: Call) -> None:
        if call.method in CHANGES and next(changes) == last_change:
            os.kill(os.getpid(), signal.SIGKILL)

    with Disk(kill):
        async with office_in(folder) as office:
            line = {"item_name": "Design", "net_price": "100.00"}
            created = await office.call("create_invoice", buyer={"name": "Buyer 0"}, lines=[line])
            report(created)
            ref = created["invoice"]["ref"]
            report(await office.call("change_phase", ref=ref, phase="sent", deliver="email"))
            report(await office.call("register_payment", ref=ref, amount="21.00"))


def call_without_privileges(folder: Path, number: int) -> dict[str, Answer]:
    """Every tool is called by a process that may do no more than the modes of files say."""
    if os.geteuid() == 0:  # still root, but a root whom file modes bind
        header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        assert ctypes.CDLL(None).capset(header, nothing) == 0
    return asyncio.run(call_in(folder, number))


async def call_in(folder: Path, number: int) -> dict[str, Answer]:
    async with office_in(folder, LATER) as office:
        return await call_every_tool(office, json.loads((folder / "refs").read_text()), number)


def make_one_call(folder: Path, port: int) -> Answer:
    """The call that stands in the folder is made, with the mail server at `port`."""

    async def made() -> Answer:
        call = json.loads((folder / "call").read_text())
        async with office_in(folder, LATER, more=mail_settings(port)) as office:
            office.clock.advance(days=call.get("days_later", 0))
            return await office.call(call["tool"], **call["arguments"])

    return asyncio.run(made())


def mail_settings(port: int) -> str:
    """The part of a configuration that sends mail through the server at `port` of this machine."""
    return f'[mail]\nsmtp_url = "smtp://127.0.0.1:{port}"\nfrom = "Studio Noord <billing@studio.example>"'


def call_on_a_full_disk(folder: Path, size: int) -> dict[str, Any]:
    """Every tool is called where no file can grow beyond `size` bytes, again where that is over."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    return asyncio.run(fill_and_clear(folder))


async def fill_and_clear(folder: Path) -> dict[str, Any]:
    refs = json.loads((folder / "refs").read_text())
    async with office_in(folder, LATER) as office:
        full: Answer = {}
        drafts = 0
        while "error" not in full:
            full = await office.call("create_invoice", buyer={"name": BUYER}, lines=lines(5000 + drafts))
            drafts += "error" not in full
        during = await call_every_tool(office, refs, 1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return {"drafts": drafts, "during": during, "after": await call_every_tool(office, refs, 1)}


PROGRAMS: dict[str, Callable[[Path, int], Any]] = {
    each.__name__: each
    for each in (
        send_together,
        pay_together,
        pay_once_together,
        work_and_be_killed,
        die_before_changes,
        call_without_privileges,
        call_on_a_full_disk,
        make_one_call,
    )
}

if __name__ == "__main__":
    name, folder, number, mutant = sys.argv[1:]
    MUTANTS[mutant](setattr)
    print(json.dumps(PROGRAMS[name](Path(folder), int(number))))
