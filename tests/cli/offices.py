"""Configurations of ledgers in a folder, and the program run on them as a process of its own."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import invoice_mcp
from invoice_mcp.cli import run

SOURCES = Path(invoice_mcp.__file__).parents[1]

SELLER = """
[accounts.{name}.seller]
name = "Studio Noord"
street = "Kade 1"
postal_code = "9700 AA"
city = "Groningen"
country_code = "NL"
iban = "NL91ABNA0417164300"
"""

BOOKS = "[accounts.books]\nbackend = 'moneybird'\nadministration_id = '1'\ntoken = { env = 'NOT_SET_ANYWHERE' }\n"
"""An account on a system of somebody else's, whose secret is not there."""


def ledger(name: str, *keys: str) -> str:
    """An account on a ledger in the folder of the configuration, with more `keys` of its own."""
    return "\n".join([f"[accounts.{name}]", "backend = 'ledger'", f"path = '{name}.db'", "tax_rate = '21'", *keys, ""])


class Office:
    """The command line over one configuration; everything it writes is in `folder`."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.file = folder / "config.toml"
        self._capsys = capsys
        self.configure(ledger("ledger"), SELLER.format(name="ledger"))

    def configure(self, *parts: str) -> None:
        """Be another configuration."""
        self.file.write_text("\n".join(["today = '2026-03-02'", "state_dir = 'state'", *parts]), encoding="utf-8")
        self.file.chmod(0o600)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """The exit code, stdout and stderr of a command line, in this process."""
        code = run(["--config", str(self.file), *arguments])
        out, err = self._capsys.readouterr()
        return code, out, err

    def json(self, *arguments: str, code: int = 0) -> Any:
        """What a command line prints, as JSON."""
        found, out, err = self.run(*arguments)
        assert (found, err) == (code, ""), out + err
        return json.loads(out)

    def spawn(self, *arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        """The program as a process of its own."""
        return subprocess.run(
            self.command(*arguments), env=environment(), capture_output=True, encoding="utf-8", timeout=60, **options
        )

    def command(self, *arguments: str) -> list[str]:
        """What starts the program on this configuration."""
        return [sys.executable, "-m", "invoice_mcp", "--config", str(self.file), *arguments]

    def draft(self, buyer: str = "Acme B.V.", account: str = "ledger", email: str | None = "ap@acme.example") -> Any:
        """A new invoice over 121.00, for a new buyer."""
        lines = [{"item_name": "Design", "net_price": "100.00"}]
        party = {"name": buyer, "new": True} | ({"email": email} if email else {})
        arguments = {"account": account, "buyer": party, "lines": lines}
        return self.json("call", "create_invoice", "--json", json.dumps(arguments))["invoice"]

    def sent(self, buyer: str = "Acme B.V.") -> Any:
        """The same, handed over by hand."""
        ref = self.draft(buyer)["ref"]
        return self.json("call", "change_phase", f"ref={ref}", "phase=sent", "deliver=manual")["invoice"]


def environment() -> dict[str, str]:
    """This environment, for a process that is to find the package where this one found it."""
    return {**os.environ, "PYTHONPATH": str(SOURCES)}


@contextmanager
def asked_at_a_terminal(command: list[str]) -> Iterator[tuple["subprocess.Popen[bytes]", int, str]]:
    """A command whose stdin and stderr are a terminal, once it has put its question: the process, the person's end of
    the terminal, and what is shown there. stdout is a pipe."""
    person, program = pty.openpty()
    process = subprocess.Popen(command, env=environment(), stdin=program, stderr=program, stdout=subprocess.PIPE)
    os.close(program)
    try:
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(person, 1024)
        yield process, person, shown.decode()
    finally:
        process.kill()
        process.communicate()
        os.close(person)


def at_a_terminal(command: list[str], typed: bytes) -> tuple[int, str, str]:
    """Exit code, stdout and what the terminal showed of a command whose question was answered with `typed`."""
    with asked_at_a_terminal(command) as (process, person, shown):
        os.write(person, typed)
        out, _ = process.communicate(timeout=60)
        return process.returncode, out.decode(), shown
