"""`demo` plays its month with a real server, fails unless all goes as told, and leaves nothing behind."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Template

import pytest

from invoice_mcp.cli import run
from invoice_mcp.cli.demo import stage, story
from invoice_mcp.cli.demo.screen import WIDTH

from .offices import environment

README = Path(__file__).resolve().parents[2] / "README.md"

TOLD = (
    "draft for Bakkerij Jansen B.V.: EUR 2160.00 + 453.60 VAT = 2613.60",
    "draft for Yogastudio Zon: EUR 371.90 + 78.10 VAT = 450.00",
    "draft for Harbour & Finch Ltd: GBP 1850.00 + 0.00 VAT = 1850.00",
    "done: open, 2613.60 payable → partially_paid, 1613.60 payable",
    "nothing new was done",
    "invalid_request: EUR 1613.60 is payable; this is 3386.40 too much.",
    "2026-0001 skipped unconfirmed_address",
    "2026-0001 queued administratie@bakkerijjansen.example",
    "confirmed; mail may go there now.",
    "Subject: Friendly reminder: invoice 2026-0001 from Studio Noord",
    "open → cancelled, by credit note 2026-0004 over GBP -1850.00",
    "they add up, per currency, to the cent.",
    "Hotel de Brug EUR 17 53029.51 2020-07-28 yes",
    "unsupported: next cannot do this: Next has no reminders",
    "agency sent boekhouding@debrug.example",
    "books sent boekhouding@debrug.example",
    "ysuite queued boekhouding@debrug.example",
    "crm queued boekhouding@debrug.example",
    "done: overdue, 31798.80 payable → overdue, 11798.80 payable",
    "done: overdue, 2490.00 payable → paid, 0.00 payable",
    "done: overdue, 11712.80 payable → paid, 0.00 payable",
    "Hotel de Brug EUR 16 32376.16",
    "What is overdue fell by what was paid",
)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[tuple[subprocess.CompletedProcess[str], Path]]":
    """One demo, kept, as a process whose home and temporary folder are its own; and that temporary folder."""
    home = tmp_path_factory.mktemp("home")
    temporary = tmp_path_factory.mktemp("temporary")
    without = {name: value for name, value in environment().items() if not name.startswith(("XDG_", "INVOICE_MCP_"))}
    yield (
        subprocess.run(
            [sys.executable, "-m", "invoice_mcp", "demo", "--keep"],
            env={**without, "HOME": str(home), "TMPDIR": str(temporary), "COLUMNS": "300"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        ),
        temporary,
    )
    assert list(home.iterdir()) == []


def plain(text: str) -> str:
    """`text` with single blanks, and without what is different in every run."""
    return " ".join(re.sub(r"[0-9T:-]+Z", "…Z", re.sub(r"(inv|buy)_\w+", r"\1_…", text)).split())


def test_it_goes_as_told(played: "tuple[subprocess.CompletedProcess[str], Path]") -> None:
    done, _ = played
    assert (done.returncode, done.stderr) == (0, "")
    said = plain(done.stdout)
    for words in TOLD:
        assert words in said, words
    for tool in ("search_invoices", "get_invoice", "create_invoice", "register_payment", "send_reminder"):
        assert f"→ {tool} " in said, tool


def test_it_is_readable_without_colours_and_on_a_narrow_page(
    played: "tuple[subprocess.CompletedProcess[str], Path]",
) -> None:
    done, _ = played
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= WIDTH <= 100


def test_what_is_kept_can_be_looked_at(played: "tuple[subprocess.CompletedProcess[str], Path]") -> None:
    done, temporary = played
    (folder,) = temporary.iterdir()
    assert str(folder) in plain(done.stdout)
    mails = [*(folder / "state" / "outbox").iterdir()]
    assert [mail.suffix for mail in mails] == [".eml"] * 3
    assert run(["--config", str(folder / "config.toml"), "doctor", "--json"]) == 0


def test_the_transcript_in_the_readme_is_what_it_prints(
    played: "tuple[subprocess.CompletedProcess[str], Path]",
) -> None:
    printed = {plain(line) for line in played[0].stdout.splitlines()}
    (transcript,) = re.findall(r"```text\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    lines = [plain(line) for line in transcript.splitlines()]
    assert len(lines) > 20
    assert [line for line in lines if line not in printed and line != "[…]"] == []


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of our own, and the package where this process found it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    return folder


def test_the_folder_is_deleted_unless_it_is_to_be_kept(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[list[Path]] = []

    def folders() -> list[Path]:
        return list(temporary.iterdir())

    async def play(_stage: stage.Stage) -> None:
        found.append(folders())

    monkeypatch.setattr(story, "play", play)
    assert run(["demo"]) == 0
    assert len(found[0]) == 1
    assert folders() == []
    assert run(["demo", "--keep"]) == 0
    assert folders() == found[1]


def test_an_answer_that_is_not_as_told_is_code_1(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = stage.CONFIGURATION.template.replace('tax_rate = "21"', 'tax_rate = "20"')
    monkeypatch.setattr(stage, "CONFIGURATION", Template(other))
    assert run(["demo"]) == 1
    out, err = capsys.readouterr()
    assert "2160.00 + 432.00 VAT" in out
    assert "the demo did not go as told: 2160.00 and 21 % VAT are 2613.60" in err
    assert list(temporary.iterdir()) == []


def test_a_refusal_where_an_answer_is_told_is_code_1(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = stage.CONFIGURATION.template.replace('tax_rate = "21"\n', "")
    monkeypatch.setattr(stage, "CONFIGURATION", Template(other))
    assert run(["demo"]) == 1
    assert "create_invoice is answered, not refused" in capsys.readouterr().err


def test_a_server_that_does_not_start_is_one_line_and_code_1(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stage, "PROGRAM", (sys.executable, "-c", ""))
    assert run(["demo"]) == 1
    err = capsys.readouterr().err
    assert err.endswith("the demo did not go as told: the server did not start\n")
    assert list(temporary.iterdir()) == []


def test_no_color_is_respected_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    person, program = os.openpty()
    script = "from invoice_mcp.cli.demo.screen import Screen; Screen().asks('Bill Jansen.')"
    shown = []
    for variables in ({}, {"NO_COLOR": "1"}):
        environ = {**environment(), "TERM": "xterm-256color", **variables}
        subprocess.run([sys.executable, "-c", script], env=environ, stdout=program, check=True, timeout=60)
        shown.append(os.read(person, 4096).decode())
    os.close(program)
    os.close(person)
    assert "\x1b[1;32m" in shown[0]
    assert "\x1b[1;32m" not in shown[1]
    assert "Bill Jansen." in shown[1]
