"""Every write of a vendor, through every fault: at most one effect, and an answer that is true.

A vendor passes by subclassing `FaultMatrix` with its deeds and an office whose requests can be made to fail. What is
exercised is what serves: the journal in its database, the adapter, the HTTP layer, a socket, and the double behind it.
Sockets and their timeouts are real, everything that waits for longer waits by a clock of the test.
"""

import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, Protocol
from unittest.mock import patch

import anyio
import pytest

from invoice_mcp.backends.base import (
    Backend,
    JoinsMail,
    JoinsRequests,
    Plan,
    Recorded,
    Step,
    StepResult,
    VendorBackend,
    Write,
)
from invoice_mcp.clock import Clock
from invoice_mcp.domain.identity import Identity
from invoice_mcp.errors import InvoiceError, OutcomeUnknown
from invoice_mcp.net import LostAnswer
from invoice_mcp.sandbox.faults import FAULTS, Exchange, Fault
from invoice_mcp.sandbox.plans import on
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.storage.engine import Database
from invoice_mcp.storage.state_schema import APPLICATION_ID, MIGRATIONS
from invoice_mcp.writes.identity import identify
from invoice_mcp.writes.journal import Journal
from invoice_mcp.writes.journaled import SETTLE, Journaled
from invoice_mcp.writes.protocol import Written, perform, perform_together, replay
from tests.backends.contract import Desk, Office
from tests.held_clock import HeldClock

_getaddrinfo = anyio.getaddrinfo

METHODS: Final = ("POST", "PATCH", "PUT", "DELETE")
"""Which requests count as writes: a fault waits for one of these."""

HASTY_S: Final = 0.4
"""How long a write that gets no answer waits for it, in real time."""

PATIENT_S: Final = 10.0

LATE_S: Final = 60
"""How long after its answer was lost a late commit comes: after the look-ups, before the settle time is over."""

First = Literal["done", "refused", "unknown", "lost"]
"""What the first answer has to be. `lost`: done where the effect can be proven, else unknown."""

FIRST: Final[Mapping[str, First]] = {
    "refuse": "refused",
    "dns_fail": "refused",
    "tls_fail": "refused",
    "close_on_accept": "unknown",
    "reset_before_commit": "unknown",
    "commit_then_reset": "lost",
    "commit_then_hang": "lost",
    "late_commit": "unknown",
    "half_body": "lost",
    "garbage_status": "lost",
    "drip": "lost",
    "stale_keepalive": "done",
    "429": "done",
    "503": "unknown",
    "500_after_commit": "lost",
    "401_midway": "refused",
    "html_200": "unknown",
    "redirect_offsite": "refused",
    "gzip_bomb": "lost",
    "big_body": "lost",
    "deep_json": "lost",
    "nan_json": "lost",
    "next_link_offsite": "done",
}

SILENT: Final = frozenset({"commit_then_hang", "late_commit", "drip"})
"""Faults that are over only when the client has waited long enough."""

DECIDING: Final = ("reset_before_commit", "commit_then_reset")
"""What decides an outcome: not carried out and carried out, without a word of either."""


class FaultyOffice(Office, Protocol):
    """An office whose requests can be made to fail.

    `clock` is the one that account and double go by, `proxy` is what stands between them.
    """

    clock: HeldClock
    proxy: FaultProxy

    def happened(self) -> Counter[str]:
        """How often each kind of thing happened in the double so far; what was read is none of them."""
        ...

    def connect(self, url: str, timeout_s: float) -> VendorBackend:
        """Another adapter for the same account, at `url` (scheme, host and port, any host allowed)."""
        ...


Preparation = Callable[[Desk, int], Awaitable[tuple[str | list[str] | None, dict[str, Any]]]]


@dataclass(frozen=True)
class Deed:
    """One kind of write.

    Attributes:
        name: as a test's id shows it.
        tool: which tool does it.
        prepare: makes everything ready and gives the invoice's id (None for a new one, a list for a call about several
            that leave together) and the arguments. The number is another one each time, for amounts that are no
            duplicates.
        effects: what happens in the double when it is carried out, request by request.
        proven: whether what took effect is known again after a lost answer.
        resent: whether what did not take effect is sent once more when it can no longer arrive.
        renewed: whether the account gets new credentials when its old ones are not accepted.
        path: part of the path of its requests, where others that are no reads come between.
    """

    name: str
    tool: str
    prepare: Preparation
    effects: tuple[Mapping[str, int], ...]
    proven: bool = True
    resent: bool = True
    renewed: bool = False
    path: str = ""

    def after(self, requests: int) -> Counter[str]:
        """What has happened once so many of its requests were carried out."""
        return sum((Counter(each) for each in self.effects[:requests]), Counter())

    @property
    def all(self) -> Counter[str]:
        """What has happened once it is done."""
        return self.after(len(self.effects))


@dataclass(frozen=True)
class Spot:
    """Where a fault strikes: a deed, and which of its requests (from 1)."""

    deed: Deed
    request: int

    def __str__(self) -> str:
        several = len(self.deed.effects) > 1
        return f"{self.deed.name} [{self.request}]" if several else self.deed.name


def spots(deeds: Iterable[Deed]) -> list[Spot]:
    """Every request of every deed."""
    return [Spot(deed, number) for deed in deeds for number in range(1, len(deed.effects) + 1)]


def dealt(number: int, of: int) -> list[Fault]:
    """The faults for one of so many spots in the quick run: those that decide, and its share of the others."""
    others = [fault for fault in FAULTS if fault.name not in DECIDING]
    return [*(fault for fault in FAULTS if fault.name in DECIDING), *others[number::of]]


Guard = Callable[[str, VendorBackend, Journal, Clock], Backend]


class Naive(Journaled):
    """What nobody should do: no record, and what got no answer is sent again at once."""

    async def recorded(self, identity: Identity) -> Recorded | None:
        return None

    async def begin(self, steps: Sequence[Step]) -> Recorded | None:
        return None

    async def perform(self, step: Step, done: Sequence[StepResult]) -> StepResult:
        for _ in range(3):
            try:
                return await self._vendor.perform(step, done)
            except LostAnswer:
                continue
        raise OutcomeUnknown("Lost.", next="Look.")

    async def perform_together(self, steps: Sequence[Step]) -> list[StepResult | InvoiceError]:
        unknown = OutcomeUnknown("Lost.", next="Look.")
        for _ in range(3):
            outcomes = await self._joining().perform_together(steps)
            if not any(isinstance(outcome, LostAnswer) for outcome in outcomes):
                break
        return [unknown if isinstance(outcome, LostAnswer) else outcome for outcome in outcomes]

    async def finish(self, steps: Sequence[Step]) -> None:
        return None


class _Performing:
    """An adapter whose steps another one carries out, over another address or with less patience."""

    def __init__(self, vendor: VendorBackend, performer: VendorBackend) -> None:
        self._vendor = vendor
        self._performer = performer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vendor, name)

    async def perform(self, step: Step, done: Sequence[StepResult]) -> StepResult:
        return await self._performer.perform(step, done)

    def joined(self, steps: Sequence[Step]) -> list[Step]:
        return _joining(self._vendor).joined(steps)

    async def perform_together(self, steps: Sequence[Step]) -> list[StepResult | InvoiceError | LostAnswer]:
        return await _joining(self._performer).perform_together(steps)


def _joining(vendor: VendorBackend) -> JoinsRequests:
    assert isinstance(vendor, JoinsRequests)
    return vendor


async def call(backend: Backend, writes: Sequence[Write]) -> str:
    """One write, or several that leave together, as the service carries them out: recognised, planned, performed.

    `done`, `refused` or `unknown`; where they do not all end in the same way, each of these.
    """
    answers: list[str] = []
    plans: list[Plan] = []
    for write in writes:
        try:
            if await replay(backend, write) is None:
                plans.append(await backend.plan(write))
        except InvoiceError as error:
            answers.append(_word(error))
    return await carried(backend, plans, answers)


async def carried(backend: Backend, plans: Sequence[Plan], answers: Sequence[str] = ()) -> str:
    """The plans of one call carried out; `answers` are those that others got before."""
    outcomes: list[Written | InvoiceError] = []
    ready = [plan for plan in plans if plan.steps]
    try:
        if len(plans) > 1 and ready:
            assert isinstance(backend, JoinsMail)
            steps = backend.joined([plan.steps[0] for plan in ready])
            outcomes = await perform_together(backend, list(zip(steps, ready, strict=True)))
        else:
            outcomes = [await perform(backend, None, plan.steps, plan) for plan in plans]
    except InvoiceError as error:
        outcomes = [error]
    words = {*answers, *map(_word, outcomes)} or {"done"}
    return ", ".join(sorted(words))


def _word(outcome: Written | InvoiceError) -> str:
    if isinstance(outcome, OutcomeUnknown):
        return "unknown"
    return f"refused: {outcome.code}" if isinstance(outcome, InvoiceError) else "done"


class Stand:
    """An office, a journal, and one write after the other that is done there."""

    def __init__(self, office: FaultyOffice, journal: Journal, guard: Guard = Journaled) -> None:
        self.office = office
        self.journal = journal
        self.guard = guard
        self._desk = Desk(office)
        self._number = 0

    async def prepared(self, deed: Deed) -> Callable[[], list[Write]]:
        """What is written by a deed of this kind; called again, the same as when a caller repeats itself."""
        self._number += 1
        named, arguments = await deed.prepare(self._desk, self._number)
        invoice_ids = named if isinstance(named, list) else [named]
        written = [self._desk.write(deed.tool, invoice_id, **arguments) for invoice_id in invoice_ids]
        window = 0 if deed.tool == "change_phase" else 24

        def same(write: Write) -> Write:
            resolved = {"refs": write.invoice_id} if deed.tool == "send_reminder" else None
            account = self.office.account
            identity = identify(account, deed.tool, write.request, window_hours=window, resolved=resolved)
            return replace(write, identity=identity)

        return lambda: list(map(same, written))

    async def suffers(self, spot: Spot, fault: Fault) -> list[str]:
        """What is wrong after the fault struck there; nothing, if the promises hold."""
        deed = spot.deed
        write = await self.prepared(deed)
        before = self.office.happened()
        wrong: list[str] = []

        def check(answer: str) -> None:
            happened = self.office.happened() - before
            if answer == "done" and happened != deed.all:
                wrong.append(f"done, but {dict(happened)} happened")
            if happened - deed.all:
                wrong.append(f"{answer}, and {dict(happened)} happened")

        answer = await self._struck(write, spot, fault)
        await self._settled()
        expected = _expected(deed, fault)
        if not answer.startswith(expected):
            wrong.append(f"{answer} instead of {expected}")
        if answer.startswith("refused") and self.office.happened() - before != deed.after(spot.request - 1):
            wrong.append(f"{answer}, but {dict(self.office.happened() - before)} happened")
        check(answer)
        backend = self.backend()
        check(await call(backend, write()))
        await self.office.clock.sleep(SETTLE.total_seconds() + 1)
        await self.office.proxy.settled()
        last = await call(backend, write())
        check(last)
        if deed.proven and deed.resent and last != "done":
            wrong.append(f"{last} in the end")
        check(await call(backend, write()))
        return [f"{spot}, {fault.name}: {each}" for each in wrong]

    def backend(self, vendor: VendorBackend | None = None) -> Backend:
        """The account as a process sees it that has just begun."""
        return self.guard(self.office.account, vendor or self.office.backend, self.journal, self.office.clock)

    async def _struck(self, write: Callable[[], list[Write]], spot: Spot, fault: Fault) -> str:
        """The answer of the write while the fault strikes it; the fault has to have struck."""
        office, proxy = self.office, self.office.proxy
        if fault.moment == "address":
            return await self._astray(write, spot, fault)
        performer = office.connect(proxy.url, HASTY_S) if fault.name in SILENT else office.backend
        struck = _late(LATE_S, office.clock) if fault.name == "late_commit" else fault
        plans = [await office.backend.plan(each) for each in write()]
        proxy.plan(on(struck, *METHODS, path=spot.deed.path, after=spot.request - 1))
        try:
            answer = await carried(self.backend(_Performing(office.backend, performer)), plans)
        finally:
            if performer is not office.backend:
                await performer.close()
            if fault.moment == "listening":
                await proxy.reopen()
        assert proxy.unused == [], f"{spot}: {fault.name} did not happen"
        return answer

    async def _astray(self, write: Callable[[], list[Write]], spot: Spot, fault: Fault) -> str:
        """The answer when requests from this one on go to an address where nobody answers."""
        office, proxy = self.office, self.office.proxy
        plans = [await office.backend.plan(each) for each in write()]
        elsewhere = office.connect(proxy.base_url(fault).replace("http:", "https:"), PATIENT_S)
        received, handshakes = len(proxy.received), proxy.handshakes

        class Turning(_Performing):
            async def perform(self, step: Step, done: Sequence[StepResult]) -> StepResult:
                nonlocal received
                if step.number >= spot.request:
                    received = len(proxy.received)
                    return await elsewhere.perform(step, done)
                return await office.backend.perform(step, done)

            async def perform_together(self, steps: Sequence[Step]) -> list[StepResult | InvoiceError | LostAnswer]:
                nonlocal received
                received = len(proxy.received)
                return await _joining(elsewhere).perform_together(steps)

        try:
            with patch("anyio.getaddrinfo", _resolve):
                answer = await carried(self.backend(Turning(office.backend, elsewhere)), plans)
        finally:
            await elsewhere.close()
        assert len(proxy.received) == received, f"{spot}: {fault.name} did not happen"
        assert fault.name != "tls_fail" or proxy.handshakes > handshakes
        return answer

    async def _settled(self) -> None:
        """Nothing that was read can have an effect any more, but for what is to be late."""
        if not self.office.clock.waited_for:
            await self.office.proxy.settled()


def _expected(deed: Deed, fault: Fault) -> str:
    if fault.name == "401_midway" and deed.renewed:
        return "done"
    first = FIRST[fault.name]
    return ("done" if deed.proven else "unknown") if first == "lost" else first


def _late(seconds: float, clock: HeldClock) -> Fault:
    """The vendor says nothing, and carries the request out when the clock has moved on."""

    async def act(exchange: Exchange) -> None:
        await clock.later(seconds, exchange.commit)
        await exchange.hang()

    return Fault("late_commit", act)


async def _resolve(host: str, *rest: Any, **options: Any) -> Any:
    """The resolver of a machine that knows no `.invalid`, whatever the one this runs on would do with it."""
    if host.endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    return await _getaddrinfo(host, *rest, **options)


@asynccontextmanager
async def journal_of(path: Path, clock: Clock) -> AsyncIterator[Journal]:
    """The journal in a state database."""
    database = Database(path / "state.db", migrations=MIGRATIONS, application_id=APPLICATION_ID)
    try:
        yield Journal(database, clock)
    finally:
        await database.close()


class FaultMatrix:
    """Subclass it with `deeds`, `cases` (how many there are: requests times faults) and `open`, an office.

    `deciding` leaves all but the faults that decide an outcome to the long run, for accounts that differ in little.
    """

    deeds: ClassVar[Sequence[Deed]]
    cases: ClassVar[int]
    open: ClassVar[Callable[[], AbstractAsyncContextManager[FaultyOffice]]]
    deciding: ClassVar[bool] = False

    @classmethod
    def _shares(cls) -> list[list[Fault]]:
        if cls.deciding:
            return [[fault for fault in FAULTS if fault.name in DECIDING] for _ in spots(cls.deeds)]
        return [dealt(number, len(spots(cls.deeds))) for number in range(len(spots(cls.deeds)))]

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        where = spots(cls.deeds)
        if "share" in metafunc.fixturenames:
            shares = list(zip(where, cls._shares(), strict=True))
            metafunc.parametrize("share", shares, ids=[str(spot) for spot in where])
        if "spot" in metafunc.fixturenames:
            metafunc.parametrize("spot", where, ids=str)

    def test_the_matrix_is_whole(self) -> None:
        where = spots(self.deeds)
        assert len({fault.name for fault in FAULTS}) == len(FIRST) == 23
        assert len(where) * len(FAULTS) == self.cases
        assert {fault.name for share in self._shares() for fault in share} == set(DECIDING if self.deciding else FIRST)
        assert len({deed.name for deed in self.deeds}) == len(self.deeds)

    async def test_a_fault_is_survived(self, share: tuple[Spot, list[Fault]], tmp_path: Path) -> None:
        spot, faults = share
        assert await self._through(tmp_path, [(spot, fault) for fault in faults]) == []

    @pytest.mark.long
    async def test_every_fault_is_survived(self, spot: Spot, tmp_path: Path) -> None:
        assert await self._through(tmp_path, [(spot, fault) for fault in FAULTS]) == []

    async def test_sending_again_at_once_is_found_out(self, tmp_path: Path) -> None:
        lost = next(fault for fault in FAULTS if fault.name == "commit_then_reset")
        wrong = await self._through(tmp_path, [(spot, lost) for spot in spots(self.deeds)], Naive)
        assert wrong

    async def _through(self, path: Path, cases: Iterable[tuple[Spot, Fault]], guard: Guard = Journaled) -> list[str]:
        """What goes wrong in these cases, all in one office."""
        async with type(self).open() as office, journal_of(path, office.clock) as journal:
            stand = Stand(office, journal, guard)
            return [each for spot, fault in cases for each in await stand.suffers(spot, fault)]
