"""A loop of writes is stopped at the account's rate, whoever loops and however many do at a time."""

import asyncio
from pathlib import Path
from typing import Any

import anyio
import pytest

from invoice_mcp.service.audit import Audit
from tests.flows.conftest import HeldClock, Office

RATE = 10
INVOICES = 8
PREPARED = 2 * INVOICES
"""Writes that make the invoices: each is drafted and sent."""


async def burst(folder: Path, clock: HeldClock, calls: int) -> None:
    """Different payments at one instant, from two processes, on several invoices: ten are begun; ten more a minute
    later."""
    offices = [Office(folder, clock, account=f"writes_per_minute = {rate}") for rate in (600, RATE, RATE)]
    refs = [await offices[0].sent(price=f"{1000 + number}.00") for number in range(INVOICES)]
    clock.advance(seconds=61)
    outcomes: list[dict[str, Any]] = []
    waiting = anyio.Semaphore(32)

    async def call(number: int) -> None:
        async with waiting:
            office, ref = offices[1 + number % 2], refs[number % INVOICES]
            amount = f"{number // 100}.{number % 100:02d}"
            outcomes.append(await office.call("register_payment", ref=ref, amount=amount))

    async def all_at_once(numbers: range) -> None:
        async with anyio.create_task_group() as group:
            for number in numbers:
                group.start_soon(call, number)

    try:
        await all_at_once(range(1, calls + 1))
        codes = [each.get("outcome") or each["error"]["code"] for each in outcomes]
        assert set(codes) <= {"done", "rate_limited", "conflict"}
        assert await begun(offices[0]) == RATE
        assert 0 < codes.count("done") <= RATE
        paid = [payment for ref in refs for payment in (await offices[0].invoice(ref)).get("payments", ())]
        assert len(paid) == codes.count("done")
        clock.advance(seconds=61)
        await all_at_once(range(calls + 1, calls + 1 + 2 * RATE))
        assert await begun(offices[0]) == 2 * RATE
    finally:
        for office in offices:
            await office.services.close()


async def begun(office: Office) -> int:
    """How many payments the audit says were begun."""
    return [each.outcome for each in await office.services.audit.latest(10_000)].count("begun") - PREPARED


@pytest.mark.parametrize("calls", [250, pytest.param(1000, marks=pytest.mark.long)])
async def test_a_burst_of_calls_writes_ten(tmp_path: Path, clock: HeldClock, calls: int) -> None:
    await burst(tmp_path, clock, calls)


async def test_a_rate_that_is_counted_before_it_is_noted_lets_more_through(
    tmp_path: Path, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = asyncio.Barrier(INVOICES)  # on each invoice one write is under way at a time

    async def begin(audit: Audit, entry: Any, limit: int) -> bool:
        begun = [each for each in await audit.latest(10_000) if each.outcome == "begun" and each.at == entry.at]
        if len(begun) >= limit:
            return False
        if entry.tool == "register_payment":
            await counted.wait()
        await audit.add([entry])
        return True

    monkeypatch.setattr(Audit, "begin", begin)
    with pytest.raises((AssertionError, ExceptionGroup)):
        await burst(tmp_path, clock, 60)
