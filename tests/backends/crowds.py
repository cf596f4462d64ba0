"""Many callers of the same write, in one process and in two: one effect, and everybody gets the same answer."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from invoice_mcp.service.app import Services
from invoice_mcp.settings import parse_settings
from tests.backends.caller import answer
from tests.backends.contract import Desk
from tests.backends.matrix import METHODS, Deed, FaultyOffice

CALLERS = 50
PROCESSES = 2
ROUNDS = 20

_TELLING = ("outcome", "first_at", "operation", "notice")
"""What of an answer says that it was given before."""

ROOT = Path(__file__).resolve().parents[2]


class CrowdedOffice(FaultyOffice):
    """An office that other processes can have an account in, by `configuration` (TOML)."""

    configuration: str


class Crowds:
    """Subclass it with `deeds` (one of each tool is taken) and `open`, an office with a configuration."""

    deeds: ClassVar[Sequence[Deed]]
    open: ClassVar[Callable[[], AbstractAsyncContextManager[CrowdedOffice]]]

    async def test_fifty_callers_at_once_have_one_effect(self, tmp_path: Path) -> None:
        async with type(self).open() as office:
            settings = parse_settings(_configured(office, tmp_path), tmp_path)
            services = Services(settings, office.clock)
            for number, deed in enumerate(_one_of_each_tool(self.deeds)):
                arguments = await _arguments(Desk(office), deed, number)
                before, sent = office.happened(), _writes(office, deed)
                calls = (answer(services, deed.tool, arguments) for _ in range(CALLERS))
                answers = await asyncio.gather(*calls)
                assert office.happened() - before == deed.all, deed.name
                assert _writes(office, deed) - sent == len(deed.effects), deed.name
                assert _same(answers), (deed.name, answers[:2])
            await services.close()


class TwoProcesses:
    """Subclass it as `Crowds`. What it shows is the journal's doing and no vendor's, so one vendor is enough."""

    deeds: ClassVar[Sequence[Deed]]
    open: ClassVar[Callable[[], AbstractAsyncContextManager[CrowdedOffice]]]

    async def test_two_processes_at_once_have_one_effect(self, tmp_path: Path) -> None:
        deeds = _one_of_each_tool(self.deeds)
        async with type(self).open() as office, AsyncExitStack() as stack:
            _configured(office, tmp_path)
            others = [await stack.enter_async_context(_process(tmp_path)) for _ in range(PROCESSES)]
            for number in range(ROUNDS):
                deed = deeds[number % len(deeds)]
                arguments = await _arguments(Desk(office), deed, number)
                call = {"now": office.clock.now().isoformat(), "tool": deed.tool, "arguments": arguments}
                before, sent = office.happened(), _writes(office, deed)
                answers = await asyncio.gather(*(_ask(other, call) for other in others))
                assert office.happened() - before == deed.all, (deed.name, answers)
                assert _writes(office, deed) - sent == len(deed.effects), deed.name
                assert _same(answers), (deed.name, answers)


def _one_of_each_tool(deeds: Sequence[Deed]) -> list[Deed]:
    """The first of each, and of those whose path is named."""
    return list({(deed.tool, deed.path): deed for deed in reversed(deeds)}.values())


def _configured(office: CrowdedOffice, folder: Path) -> str:
    """The configuration, also as a file: one state folder for everybody."""
    text = f'state_dir = "state"\n[policy]\nwrites_per_minute = 600\n{office.configuration}'
    (folder / "config.toml").write_text(text, "utf-8")
    (folder / "config.toml").chmod(0o600)
    return text


async def _arguments(desk: Desk, deed: Deed, number: int) -> dict[str, Any]:
    """The arguments of the tool. A key makes a change of phase, too, the same call when it comes again."""
    named_ids, arguments = await deed.prepare(desk, number)
    refs = [f"{desk.office.account}:{each}" for each in (named_ids if isinstance(named_ids, list) else [named_ids])]
    named: dict[str, Any] = {"send_reminder": {"refs": refs}, "create_invoice": {}}.get(deed.tool, {"ref": refs[0]})
    return {"idempotency_key": f"crowd-{number:06d}", **named, **arguments}


def _writes(office: FaultyOffice, deed: Deed) -> int:
    return sum(request.method in METHODS and deed.path in request.path for request in office.proxy.received)


def _same(answers: Sequence[dict[str, Any]]) -> bool:
    """Whether one answer says that it was done, and all others the same as having been done before."""
    told = [answer.get("receipts", [answer]) for answer in answers]
    first = [sum("first_at" not in each for each in parts) for parts in zip(*told, strict=True)]
    cores = [[{key: part[key] for key in part if key not in _TELLING} for part in parts] for parts in told]
    return set(first) == {1} and all(core == cores[0] and "error" not in core[0] for core in cores)


@asynccontextmanager
async def _process(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    command = (sys.executable, "-m", "tests.backends.caller", str(folder))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOT)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.stdin.close()
        await process.wait()


async def _ask(process: asyncio.subprocess.Process, call: dict[str, Any]) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(call).encode() + b"\n")
    answered: dict[str, Any] = json.loads(await process.stdout.readline())
    return answered
