"""What a tracer is told: which tool was called and whether it failed; no argument, no answer, no secret, no cause.

Every exporter gets what is said through the programming interface of OpenTelemetry, so that is where it is listened to.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from opentelemetry.trace import NonRecordingSpan, SpanContext

from invoice_mcp.sandbox.runner import running
from invoice_mcp.server import server
from invoice_mcp.settings import load_settings
from invoice_mcp.tools import calling
from tests.flows.conftest import HeldClock, Office
from tests.flows.serving import ERAS, serve
from tests.flows.test_canaries import MARK, SECRETS_OF, Parrot, calls, secrets, write_configuration

__all__ = ["secrets"]

SAID = f"{MARK}said-by-the-caller"


class Heard(NonRecordingSpan):
    """A span that keeps whatever it is told."""

    def __init__(self, told: list[Any]) -> None:
        super().__init__(SpanContext(1, 1, is_remote=False))
        self._told = told

    def is_recording(self) -> bool:
        return True

    def set_attribute(self, *told: Any, **more: Any) -> None:
        self._told.append((told, more))

    set_attributes = add_event = set_status = update_name = set_attribute  # type: ignore[assignment]

    def record_exception(self, exception: BaseException, *told: Any, **more: Any) -> None:
        causes: list[BaseException | None] = [exception, exception.__cause__, exception.__context__]
        self._told.append((told, more, [repr(each) for each in causes]))


class Tracer:
    """Makes spans that keep everything in one list."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    @contextmanager
    def start_as_current_span(self, name: str, **more: Any) -> Iterator[Heard]:
        self.told.append((name, more))
        yield Heard(self.told)


async def traced(folder: Path, clock: HeldClock, era: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """All that a tracer is told of calls of every tool on every account, and of one that crashes."""
    tracer = Tracer()
    monkeypatch.setattr(server, "find_spec", lambda name: object())
    monkeypatch.setattr(import_module("mcp.shared._otel"), "_tracer", tracer)
    async with running(Parrot()) as proxy:
        office = Office.of(load_settings(write_configuration(folder, proxy.url, 9)), folder, clock)
        async with Client(serve(office), mode=era) as client:  # type: ignore[arg-type]
            for account in SECRETS_OF:
                for tool, arguments in calls(account):
                    write = tool not in ("search_invoices", "get_invoice")
                    said = {"idempotency_key": SAID} if write else {}
                    await client.call_tool(tool, {**arguments, **said})
                    await client.call_tool(tool, {**arguments, SAID: SAID})

            async def crash(*_: Any) -> Any:
                raise RuntimeError(f"cannot go on with {SAID}")

            with monkeypatch.context() as patched:
                patched.setattr(calling, "call", crash)
                assert (await client.call_tool("get_invoice", {"ref": "books:1"})).is_error
        await office.services.close()
    told = repr(tracer.told)
    assert told.count("'gen_ai.tool.name'") > 100
    assert "'tool_error'" in told
    return told


@pytest.mark.parametrize("era", ERAS)
async def test_no_span_tells_an_argument_or_a_secret(
    tmp_path: Path, clock: HeldClock, secrets: None, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await traced(tmp_path, clock, era, monkeypatch)
    assert MARK not in told, told[max(0, told.index(MARK) - 300) : told.index(MARK) + 100]


async def test_a_span_that_told_the_arguments_would_be_heard(
    tmp_path: Path, clock: HeldClock, secrets: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    otel = import_module("mcp.server._otel")
    span = otel.otel_span
    seen: list[Any] = []

    @contextmanager
    def talkative(**given: Any) -> Iterator[Any]:
        with span(**given) as made:
            made.set_attribute("arguments", repr(seen))
            yield made

    monkeypatch.setattr(otel, "otel_span", talkative)
    monkeypatch.setattr(calling, "call", _listening(calling.call, seen))
    assert MARK in await traced(tmp_path, clock, "auto", monkeypatch)


def _listening(call: Any, seen: list[Any]) -> Any:
    async def listening(tool: Any, arguments: Any, *rest: Any) -> Any:
        seen.append(arguments)
        return await call(tool, arguments, *rest)

    return listening
