"""What every command has in common: where its configuration comes from, and how it ends when something is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

import invoice_mcp
from invoice_mcp.cli import COMMANDS, accounts, run
from invoice_mcp.errors import StorageFailed

SOURCES = Path(invoice_mcp.__file__).parents[1]


def spawn(*arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
    """The program as a process of its own, in this test's home."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        **options,  # type: ignore[call-overload]
    )


def config(folder: Path, text: str) -> str:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return str(path)


LABELLED = "[accounts.ledger]\nbackend = 'ledger'\nlabel = 'from the file'\n"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_configuration_can_be_named_before_and_after_the_command(
    place: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["accounts", "--json"]
    words[place:place] = ["--config", config(tmp_path, LABELLED)]
    assert run(words) == 0
    assert "from the file" in capsys.readouterr().out


def test_the_configuration_named_last_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--config", str(tmp_path / "none"), "accounts", "--config", config(tmp_path, LABELLED)]) == 0
    assert "from the file" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[accounts.books]\nmode = 'all'", "invoice-mcp: accounts.books.backend: one of ledger, tribe, moneybird, "),
        ("scan_page = 5", "invoice-mcp: scan_page: no such key; did you mean scan_pages?\n"),
        ("today = ", "invoice-mcp: configuration: not TOML: "),
    ],
)
def test_a_wrong_configuration_is_one_line_and_code_2(
    text: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--config", config(tmp_path, text), "accounts"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(line)
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["serve"], ["accounts"], ["accounts", "--json"]])
def test_a_process_with_a_wrong_configuration_says_one_line_and_nothing_on_stdout(
    arguments: list[str], tmp_path: Path
) -> None:
    wrong = config(tmp_path, "[accounts.books]\nbackend = 'moneybird'\nmode = 'kanarie'\n")
    done = spawn("-m", "invoice_mcp", "--config", wrong, *arguments, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "invoice-mcp: accounts.books.mode: one of read_only, draft_only, full\n"


def test_a_world_writable_configuration_starts_nothing(tmp_path: Path) -> None:
    path = config(tmp_path, LABELLED)
    Path(path).chmod(0o666)
    done = spawn("-m", "invoice_mcp", "--config", path, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "everybody can write to it" in done.stderr


def test_a_wrong_configuration_is_noticed_before_the_slow_imports(tmp_path: Path) -> None:
    wrong = config(tmp_path, "today = 1")
    done = spawn("-X", "importtime", "-m", "invoice_mcp", "--config", wrong, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "invoice_mcp.settings" in imported
    assert not imported & {"mcp", "pydantic", "apsw", "rich", "segno", "stdnum", "httpx", "jinja2", "babel"}


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"invoice-mcp, version {invoice_mcp.__version__}\n"


def test_the_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_a_configuration_and_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert "--config PATH" in capsys.readouterr().out


def test_an_unknown_command_is_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["accuonts"]) == 2
    assert "No such command 'accuonts'" in capsys.readouterr().err


def failing(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_settings: object) -> None:
        raise error

    monkeypatch.setattr(accounts, "described", fail)


def test_an_anticipated_failure_is_said_with_what_to_do_and_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(StorageFailed("The disk is full.", next="Free some space."), monkeypatch)
    assert run(["accounts"]) == 1
    assert capsys.readouterr().err == "invoice-mcp: The disk is full.\nFree some space.\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_is_code_130(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(error, monkeypatch)
    assert run(["accounts"]) == 130
    assert capsys.readouterr().err.strip() == ""


def test_a_defect_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(ZeroDivisionError("a defect"), monkeypatch)
    with pytest.raises(ZeroDivisionError):
        run(["accounts"])


def test_a_reader_that_leaves_early_causes_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen(
        [sys.executable, "-m", "invoice_mcp", "accounts"],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    _, err = process.communicate(timeout=60)
    assert err == b""
    assert process.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_output_that_finds_no_room_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        process = subprocess.run(
            [sys.executable, "-m", "invoice_mcp", "accounts", "--json"],
            env={**os.environ, "PYTHONPATH": str(SOURCES)},
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert process.stderr == b"invoice-mcp: output: No space left on device\n"
    assert process.returncode == 1
