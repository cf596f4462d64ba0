"""A process of its own that carries out calls of tools: `python -m tests.backends.caller FOLDER`.

FOLDER has the configuration, `config.toml`. A line in is a call (`now`, `tool`, `arguments`), a line out its answer.
"""

import asyncio
import datetime as dt
import json
import sys
import time
from pathlib import Path
from typing import Any

from invoice_mcp.errors import InvoiceError
from invoice_mcp.service.app import Services
from invoice_mcp.settings import parse_settings
from invoice_mcp.tools import TOOLS
from invoice_mcp.tools.arguments import parse


class QuickClock:
    """A clock that goes on from an instant it is set to. Waiting takes a hundredth of its time."""

    def __init__(self) -> None:
        self.set(dt.datetime.now(dt.UTC))

    def set(self, now: dt.datetime) -> None:
        self._set_to, self._set_at = now, time.monotonic()

    def now(self) -> dt.datetime:
        return self._set_to + dt.timedelta(seconds=time.monotonic() - self._set_at)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 100)


class Script:
    """A caller that cannot be asked anything."""

    client = "script"
    can_ask = False
    reply = None

    async def ask(self, question: str, token: str) -> bool:
        raise AssertionError(question)

    async def progress(self, done: int, total: int, message: str) -> None:
        return None


async def answer(services: Services, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """What the tool answers, or its error object."""
    chosen = next(each for each in TOOLS if each.name == tool)
    try:
        request = parse(chosen, arguments, list(services.settings.accounts))
        return dict(await chosen.handle(request, services, Script()))
    except InvoiceError as error:
        return error.as_dict()


async def main(folder: Path) -> None:
    clock = QuickClock()
    settings = parse_settings((folder / "config.toml").read_text("utf-8"), folder)
    services = Services(settings, clock)
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        call = json.loads(line)
        clock.set(dt.datetime.fromisoformat(call["now"]))
        print(json.dumps(await answer(services, call["tool"], call["arguments"])), flush=True)
    await services.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
