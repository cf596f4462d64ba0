"""`sandbox` runs all doubles with a configuration that leads to them, and puts everything away when told to end."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from invoice_mcp.cli import run
from invoice_mcp.sandbox.together import DOUBLES
from invoice_mcp.settings import load_settings

from .offices import environment


@contextmanager
def sandbox(*arguments: str, temporary: Path) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """The program, once it has said that it runs, and its configuration."""
    command = [sys.executable, "-m", "invoice_mcp", "sandbox", "--invoices", "20", *arguments]
    process = subprocess.Popen(
        command,
        env={**environment(), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    try:
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("Ctrl-C"):
                break
        [file] = [line.split()[3].rstrip(".") for line in said.splitlines() if line.startswith("The configuration is")]
        yield process, Path(file)
    finally:
        process.kill()
        process.communicate()


def ended(process: "subprocess.Popen[str]", by: signal.Signals) -> str:
    """What it said in the end."""
    process.send_signal(by)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    return out


def listens(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as client:
        return client.connect_ex((str(parts.hostname), int(parts.port or 0))) == 0


def test_all_five_are_there_and_are_gone_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with sandbox("--fault", "books=503:get:/sales_invoices", temporary=temporary) as (process, file):
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
        accounts = load_settings(file).accounts
        assert list(accounts) == ["ledger", *DOUBLES]
        assert {account.backend for account in accounts.values()} >= {
            "moneybird",
            "productive",
            "tribe",
            "ysuite",
            "next",
        }
        urls = [str(accounts[name].base_url) for name in DOUBLES]
        assert all(listens(url) for url in urls)
        assert run(["--config", str(file), "call", "search_invoices", "status=unpaid", "group_by=buyer"]) == 0
        assert "incomplete" not in json.loads(capsys.readouterr().out)
        said = ended(process, signal.SIGTERM)
        assert [line.split()[0] for line in said.splitlines()[-5:]] == list(DOUBLES)
        assert "not done" not in said
        assert not any(listens(url) for url in urls)
    assert list(temporary.iterdir()) == []


def test_a_folder_of_ones_own_stays_without_the_configuration(tmp_path: Path) -> None:
    folder = tmp_path / "office"
    arguments = ("--folder", str(folder), "--mode", "read_only", "--fault", "site=refuse", "--fault", "crm=html_200")
    with sandbox(*arguments, temporary=tmp_path) as (process, file):
        assert file == folder / "config.toml"
        assert {load_settings(file).accounts[name].mode for name in DOUBLES} == {"read_only"}
        (folder / "mine").touch()
        assert "not done: html_200" in ended(process, signal.SIGINT)
    assert [each.name for each in folder.iterdir()] == ["mine"]


def test_a_configuration_that_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.toml"
    file.write_text("# mine\n")
    assert run(["sandbox", "--folder", str(tmp_path), "--invoices", "0"]) == 1
    assert f"{file} is there already" in capsys.readouterr().err
    assert file.read_text() == "# mine\n"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("shop=503", "no such account; one of books, agency"),
        ("books=504", "no such fault; one of refuse"),
        ("", "no such"),
    ],
)
def test_a_fault_that_cannot_be_planned_is_said(fault: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sandbox", "--fault", fault]) == 2
    assert said in capsys.readouterr().err
