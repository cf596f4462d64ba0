"""`invoice-mcp operations`: what is on record, and a person's word on what nobody could settle."""

import datetime as dt
import json
from pathlib import Path

import anyio
import pytest

from invoice_mcp.cli import run
from invoice_mcp.errors import OutcomeUnknown
from invoice_mcp.service.app import Services
from invoice_mcp.settings import load_settings
from invoice_mcp.writes.journaled import Journaled
from invoice_mcp.writes.protocol import perform
from tests.held_clock import HeldClock
from tests.writes.vendors import Vendor, steps


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f'state_dir = "{tmp_path / "state"}"\n[accounts.ledger]\nbackend = "ledger"\npath = "ledger.db"\n')
    path.chmod(0o600)
    return path


@pytest.fixture
def lost(config: Path) -> str:
    """The id of an operation whose answer was lost."""

    async def lose() -> None:
        clock = HeldClock(dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC))
        services = Services(load_settings(config), clock)
        vendor = Vendor(clock, plan=["before"], marker=False)
        with pytest.raises(OutcomeUnknown):
            await perform(Journaled("till", vendor, services.journal, clock), None, steps("op_1234567"), None)
        await services.close()

    anyio.run(lose)
    return "op_1234567"


def test_without_operations_it_says_so(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["operations", "list", "--config", str(config)]) == 0
    assert capsys.readouterr().out == "No operation is on record.\n"


def test_an_unknown_outcome_is_listed_shown_and_settled(
    config: Path, lost: str, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--config", str(config)]
    assert run(["operations", "list", "--unsettled", "--json", *where]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (row["operation"], row["state"], row["account"]) == (lost, "unknown", "till")
    assert run(["operations", "show", lost, *where]) == 0
    assert json.loads(capsys.readouterr().out)["steps"][0]["path"] == "/payments/1"
    assert run(["operations", "settle", lost, "done", "--invoice", "77", *where]) == 0
    capsys.readouterr()
    assert run(["operations", "list", "--unsettled", *where]) == 0
    assert "No operation waits" in capsys.readouterr().out
    assert run(["operations", "settle", lost, "refused", *where]) == 1
    assert "is done" in capsys.readouterr().err


@pytest.mark.parametrize(("word", "again"), [("done", "replayed"), ("refused", "done")])
def test_the_same_call_follows_the_persons_word(config: Path, lost: str, word: str, again: str) -> None:
    assert run(["operations", "settle", lost, word, "--config", str(config)]) == 0

    async def call() -> str:
        clock = HeldClock(dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC))
        services = Services(load_settings(config), clock)
        backend = Journaled("till", Vendor(clock), services.journal, clock)
        planned = steps("op_7654321")
        recorded = await backend.recorded(planned[0].identity)
        outcome = "replayed" if recorded else (await perform(backend, None, planned, None)).outcome
        await services.close()
        return outcome

    assert anyio.run(call) == again


def test_an_unknown_id_is_said(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["operations", "show", "op_0", "--config", str(config)]) == 1
    assert "No operation has this id" in capsys.readouterr().err


def test_doctor_says_that_a_person_has_to_settle_one_and_ends_with_a_code_of_its_own(
    config: Path, lost: str, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--config", str(config)]
    assert run(["doctor", "--json", *where]) == 3
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    assert (report["operations"]["state"], report["operations"]["unknown"]) == ("unsettled", 1)
    assert "operations list --unsettled" in report["operations"]["next"]
    assert run(["doctor", *where]) == 3
    assert "1 of unknown outcome, 0 under way" in capsys.readouterr().out
    assert run(["operations", "settle", lost, "refused", *where]) == 0
    capsys.readouterr()
    assert run(["doctor", "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out)["operations"] == {"state": "ok", "unknown": 0, "under_way": 0}
