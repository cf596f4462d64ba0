"""What goes wrong with files and disks reaches a caller as one clean error, changes nothing, and is over once it is."""

import ctypes
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import apsw
import pytest
from storage.disk import Call, Disk

from invoice_mcp.backends.ledger import connect
from invoice_mcp.storage.engine import Database
from tests.flows.conftest import HeldClock, Office, code

from .audit import broken_rules, stored
from .cases import (
    READS,
    TOOLS,
    WRITES,
    Ledger,
    answered,
    call_every_tool,
    confirmed,
    keep_a_small_book,
    lines,
    sent,
)
from .damages import DAMAGES, held_by, with_content, zeros
from .programs import LATER, run

Answer = dict[str, Any]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ledgers wait for a lock for a moment only."""
    monkeypatch.setattr(connect, "Database", partial(Database, busy_timeout_ms=20))


@pytest.fixture
async def refs(tmp_path: Path, clock: HeldClock) -> dict[str, str]:
    """What is in a ledger that nobody has open."""
    office = Office(tmp_path, clock)
    made = await keep_a_small_book(office)
    await office.services.close()
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books" / "ledger.db"


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder but those that come and go with a reader."""
    if not folder.is_dir():
        return {}
    files = (each for each in folder.iterdir() if each.is_file() and not each.name.endswith(("-shm", "-wal")))
    return {each.name: each.read_bytes() for each in files}


def check_refusal(answer: Answer, said: str, folder: Path) -> None:
    """The answer is an error that tells what is wrong and what to do, and names no place."""
    assert code(answer) == "storage", answer
    error = answer["error"]
    assert said in error["message"]
    assert error["next"].endswith(".")
    assert [hint for hint in (str(folder), "/", ".db") if hint in error["message"] + error["next"]] == []


def check_works(answers: dict[str, Answer], tools: tuple[str, ...] = TOOLS) -> None:
    """The calls were carried out."""
    for tool in tools:
        assert "error" not in answers[tool], answers[tool]
        assert tool in READS or answered(answers[tool]), answers[tool]


@pytest.fixture
async def office(tmp_path: Path, clock: HeldClock, refs: dict[str, str]) -> AsyncIterator[Office]:
    """A program that has not used its ledger yet."""
    opened = Office(tmp_path, clock)
    yield opened
    await opened.services.close()


@pytest.mark.parametrize("name", DAMAGES)
async def test_a_ledger_that_cannot_be_used_is_one_clear_error_in_every_tool_and_left_alone(
    office: Office, path: Path, refs: dict[str, str], name: str
) -> None:
    damage, said = DAMAGES[name]
    with damage(path):
        before = contents(path.parent)
        for answer in (await call_every_tool(office, refs, 1)).values():
            check_refusal(answer, said, office.folder)
        assert contents(path.parent) == before
    check_works(await call_every_tool(office, refs, 1))
    assert broken_rules(path) == {}


async def use(office: Office) -> None:
    """Read and write once."""
    await office.call("search_invoices")
    await office.confirm_buyers()


@pytest.mark.parametrize("in_use", [False, True], ids=["at the first use", "later"])
async def test_a_lock_of_another_program_stops_writes_only_and_only_while_it_lasts(
    office: Office, path: Path, refs: dict[str, str], in_use: bool
) -> None:
    if in_use:
        await use(office)
    with held_by("hold_lock", path):
        answers = await call_every_tool(office, refs, 1)
    check_works(answers, READS)
    for tool in WRITES:
        check_refusal(answers[tool], "locked", office.folder)
    check_works(await call_every_tool(office, refs, 1))
    assert broken_rules(path) == {}


MOVES: Final[dict[str, Callable[[Path, Path], object]]] = {
    "moved": lambda path, kept: path.rename(kept),
    "replaced": lambda path, kept: (path.rename(kept), shutil.copy(kept, path)),
}


@pytest.mark.parametrize("move", MOVES)
async def test_a_ledger_that_is_moved_while_it_is_used_is_not_used_until_it_is_back(
    office: Office, path: Path, refs: dict[str, str], move: str
) -> None:
    kept = path.with_name("kept.db")
    await use(office)
    MOVES[move](path, kept)
    for answer in (await call_every_tool(office, refs, 1)).values():
        check_refusal(answer, "moved, replaced or deleted", office.folder)
    kept.rename(path)
    check_works(await call_every_tool(office, refs, 1))
    assert broken_rules(path) == {}


FAULTS: Final = {
    "the disk is full": (apsw.FullError, "disk is full"),
    "the disk fails": (apsw.IOError, "disk reported"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_disk_that_takes_no_more_stops_writes_and_leaves_nothing_half_done(
    office: Office, path: Path, refs: dict[str, str], fault: str
) -> None:
    error, said = FAULTS[fault]
    failing = False

    def refuse(call: Call) -> None:
        if failing and call.method == "write" and call.file == "-wal":
            raise error

    ledger = Ledger(office)
    with Disk(refuse):
        await use(office)
        before = ledger.count()
        failing = True
        answers = await call_every_tool(office, refs, 1)
        check_works(answers, READS)
        for tool in WRITES:
            check_refusal(answers[tool], said, office.folder)
        failing = False
        assert ledger.change_since(before) == {}
        check_works(await call_every_tool(office, refs, 1))
        await office.services.close()
    assert broken_rules(path) == {}


async def test_a_mail_that_left_before_the_disk_failed_is_told_and_not_sent_again(
    office: Office, refs: dict[str, str]
) -> None:
    """The invoice is issued and its mail in the outbox; that it left cannot be written down."""
    failing = False

    def refuse(call: Call) -> None:
        if failing and call.method == "write" and call.file == "-wal" and office.outbox():
            raise apsw.FullError

    mailed = {"ref": refs["draft"], "phase": "sent", "deliver": "email"}
    with Disk(refuse):
        failing = True
        answer = await office.call("change_phase", **mailed)
        assert (answer["outcome"], answer["delivery"]["outcome"]) == ("done", "queued")
        failing = False
        assert code(await office.call("change_phase", **mailed)) == "outcome_unknown"
        await office.services.close()
    assert len(office.outbox()) == 1


@pytest.fixture
def noted(tmp_path: Path, refs: dict[str, str]) -> Path:
    """The folder of the office, where another process finds the refs."""
    (tmp_path / "refs").write_text(json.dumps(refs), "utf-8")
    return tmp_path


def test_writing_until_the_disk_is_full_and_on_once_there_is_room(noted: Path, path: Path) -> None:
    """A limit on the size of files stands for the end of the disk: both stop a write in the middle."""
    found = run("call_on_a_full_disk", noted, 600_000)
    assert found["drafts"] > 1
    check_works(found["during"], READS)
    check_refusal(found["during"]["create_invoice"], "disk", noted)
    check_works(found["after"])
    assert broken_rules(path) == {}
    assert stored(path, "SELECT count(*) FROM invoices") == [(found["drafts"] + 4,)]


bound_by_modes = pytest.mark.skipif(
    os.geteuid() == 0 and not hasattr(ctypes.CDLL(None), "capset"), reason="root here cannot give up its privileges"
)


@bound_by_modes
@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o400, 0o700), (0o600, 0o500), (0o400, 0o500)])
def test_a_ledger_that_may_only_be_read_is_read_and_says_so(
    noted: Path, path: Path, file_mode: int, folder_mode: int
) -> None:
    before = contents(path.parent)
    path.chmod(file_mode)
    path.parent.chmod(folder_mode)
    answers = run("call_without_privileges", noted, 1)
    path.parent.chmod(0o700)
    check_works(answers, READS)
    for tool in WRITES:
        check_refusal(answers[tool], "can only be read", noted)
    assert contents(path.parent) == before
    path.chmod(0o600)
    check_works(run("call_without_privileges", noted, 1))


@bound_by_modes
def test_a_ledger_that_may_not_be_looked_at_is_left_alone(noted: Path, path: Path) -> None:
    path.parent.chmod(0o000)
    answers = run("call_without_privileges", noted, 1)
    path.parent.chmod(0o700)
    for answer in answers.values():
        check_refusal(answer, "denies access", noted)
    check_works(run("call_without_privileges", noted, 1))


async def test_a_broken_ledger_never_hides_another_one(tmp_path: Path, path: Path, refs: dict[str, str]) -> None:
    second = '[accounts.second]\nbackend = "ledger"\nmode = "full"\npath = "books/second.db"\ntax_rate = "21"'
    office = Office(tmp_path, HeldClock(LATER), more=second)
    buyer = {"name": "Zenith", "new": True}
    await office.call("create_invoice", account="second", buyer=buyer, lines=lines(1))
    whole = await office.call("search_invoices")
    assert "incomplete" not in whole
    await office.services.close()
    office = Office(tmp_path, HeldClock(LATER), more=second)
    with with_content(path, zeros):
        part = await office.call("search_invoices")
        assert [row for row in whole["rows"] if row[0].startswith("second:")] == part["rows"]
        [gap] = part["incomplete"]
        assert gap["account"] == "ledger"
        assert "not an SQLite database" in gap["reason"]
        assert str(tmp_path) not in json.dumps(part)
    await office.services.close()


STATE_DAMAGES: Final = {name: DAMAGES[name] for name in ("a text", "a newer schema", "damaged pages", "a folder")}


@pytest.mark.parametrize("name", STATE_DAMAGES)
async def test_without_the_state_database_all_can_be_read_and_nothing_is_written_that_no_audit_would_tell_of(
    office: Office, path: Path, refs: dict[str, str], name: str
) -> None:
    damage, said = STATE_DAMAGES[name]
    state = office.folder / "state" / "state.db"
    ref = await sent(office, 77)
    await confirmed(office, ref, "uncollectible", "open")
    await office.services.close()
    restarted = Office(office.folder, office.clock)
    giving_up = {"ref": ref, "phase": "uncollectible", "expected_status": "open"}
    with damage(state):
        before = contents(state.parent)
        answers = await call_every_tool(restarted, refs, 1)
        check_works(answers, READS)
        for tool in set(TOOLS) - set(READS):
            check_refusal(answers[tool], said, office.folder)
        check_refusal(await restarted.call("change_phase", **giving_up), said, office.folder)
        check_refusal(await restarted.call("change_phase", **giving_up, confirmation="a-token"), said, office.folder)
        assert contents(state.parent) == before
    assert (await restarted.invoice(ref))["status"] == "open"
    assert (await restarted.agreed("change_phase", **giving_up))["to"] == "uncollectible"
    await restarted.services.close()
    assert broken_rules(path) == {}
