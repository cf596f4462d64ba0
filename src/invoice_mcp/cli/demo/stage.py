"""Where the demo is played: a configuration in a folder, a server per day, and what the audience sees of it."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, Final

from invoice_mcp.cli.demo.screen import Screen
from invoice_mcp.cli.studio import SELLER

if TYPE_CHECKING:
    from invoice_mcp.server.client import CallTool

CONFIGURATION: Final = Template(
    """\
today = "$today"
state_dir = "state"

[accounts.ledger]
backend = "ledger"
path = "ledger.db"
currency = "EUR"
tax_rate = "21"
language = "en"

"""
    + SELLER
)

PROGRAM: Final = (sys.executable, "-m", "invoice_mcp")
"""This very program, wherever it is installed."""


class OutOfScript(Exception):
    """Something did not happen as told; `str()` says what should have."""


def told(happened: bool, what: str) -> None:
    """Raise OutOfScript unless `what` happened."""
    if not happened:
        raise OutOfScript(what)


class Stage:
    """The demo's own office in `folder`. A day has to be begun before anything is called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.screen = Screen()
        self.configuration = folder / "config.toml"
        self._call: CallTool | None = None

    @asynccontextmanager
    async def day(self, date: str, title: str, more: str = "") -> AsyncIterator[None]:
        """A server of its own for one day: `date` is its today (YYYY-MM-DD), `more` the tables of other accounts."""
        from invoice_mcp.server.client import connected

        self.configure(date, more)
        self.screen.heading(title)
        async with connected([*PROGRAM, "--config", str(self.configuration), "serve"], os.environ) as call:
            self._call = call
            yield
        self._call = None

    def configure(self, date: str, more: str = "") -> None:
        """Be another configuration, with the ledger and `more`."""
        self.configuration.write_text(CONFIGURATION.substitute(today=date) + more, encoding="utf-8")
        self.configuration.chmod(0o600)

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The answer of a tool.

        Raises:
            OutOfScript: it was refused.
        """
        content, refused = await self._called(tool, arguments)
        told(not refused, f"{tool} is answered, not refused: {content}")
        return content

    async def refused(self, code: str, tool: str, **arguments: Any) -> dict[str, Any]:
        """The error that a tool answers with.

        Raises:
            OutOfScript: it did it, or refused for another reason than `code`.
        """
        content, refused = await self._called(tool, arguments)
        told(refused and content["error"]["code"] == code, f"{tool} is refused with {code}: {content}")
        error: dict[str, Any] = content["error"]
        self.screen.refusal(error)
        return error

    async def run(self, *arguments: str) -> str:
        """What the command line prints for these arguments, in a process of its own.

        Raises:
            OutOfScript: it failed.
        """
        import anyio

        self.screen.command(arguments)
        command = [*PROGRAM, "--config", str(self.configuration), *arguments]
        done = await anyio.run_process(command, stderr=subprocess.STDOUT, check=False)
        said = done.stdout.decode()
        told(done.returncode == 0, f"invoice-mcp {arguments[0]} works: {said}")
        self.screen.output(said)
        return said

    def mail(self) -> Mapping[str, str]:
        """The one mail that waits in the outbox: its headers, and its text as `text`."""
        waiting = list((self.folder / "state" / "outbox").glob("*.eml"))
        told(len(waiting) == 1, "one mail waits in the outbox")
        message = message_from_bytes(waiting[0].read_bytes(), policy=policy.default)
        return {name: str(message[name]) for name in ("From", "To", "Subject")} | {"text": message.get_content()}

    async def _called(self, tool: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        assert self._call is not None, "no day has begun"
        self.screen.call(tool, arguments)
        answer = await self._call(tool, arguments)
        return answer.content, answer.refused
