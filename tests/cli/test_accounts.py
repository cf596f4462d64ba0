"""`accounts` lists what is configured, for people and for machines, and nothing of any credential."""

import json
from importlib import resources
from pathlib import Path

import pytest

from invoice_mcp.cli import run

CANARY = "kanarie-9c41e2"


def test_without_a_configuration_there_is_the_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["accounts", "--json"]) == 0
    (account,) = json.loads(capsys.readouterr().out)
    tools = account.pop("tools")
    assert account == {
        "name": "ledger",
        "backend": "ledger",
        "mode": "full",
        "currency": "EUR",
        "time_zone": None,
        "label": None,
        "default": False,
    }
    assert tools[:2] == ["search_invoices", "get_invoice"]
    assert len(tools) == 6


def test_the_table_has_a_row_for_every_account(capsys: pytest.CaptureFixture[str]) -> None:
    with resources.as_file(resources.files("invoice_mcp").joinpath("reference.toml")) as reference:
        assert run(["accounts", "--config", str(reference)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    found = [(row[0], row[1], row[2]) for row in rows if len(row) > 3 and row[2] in {"full", "read_only"}]
    assert found == [
        ("ledger", "ledger", "full"),
        ("crm", "tribe", "read_only"),
        ("books", "moneybird", "read_only"),
        ("ysuite", "ysuite", "read_only"),
        ("site", "next", "read_only"),
        ("agency", "productive", "read_only"),
    ]


def test_what_mode_and_tools_forbid_is_not_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        "default_account = 'full'\n"
        "[accounts.full]\nbackend = 'ledger'\npath = 'a.db'\ntools = ['create_invoice', 'get_invoice']\n"
        "time_zone = 'Europe/Amsterdam'\n"
        "[accounts.reading]\nbackend = 'ledger'\npath = 'b.db'\nmode = 'read_only'\n",
        encoding="utf-8",
    )
    assert run(["accounts", "--json", "--config", str(config)]) == 0
    full, reading = json.loads(capsys.readouterr().out)
    assert full["tools"] == ["get_invoice", "create_invoice"]
    assert full["default"] is True
    assert full["time_zone"] == "Europe/Amsterdam"
    assert reading["tools"] == ["search_invoices", "get_invoice"]
    assert list(tmp_path.glob("*.db")) == []


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_secret_is_shown(
    form: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CANARY", CANARY)
    config = tmp_path / "config.toml"
    config.write_text(
        f"[http]\ntoken = '{CANARY}'\n"
        f"[mail]\nfrom = 'a@b.example'\nsmtp_url = 'smtp://localhost'\nsmtp_password = '{CANARY}'\n"
        f"[accounts.books]\nbackend = 'moneybird'\nadministration_id = '1'\nbase_url = 'http://127.0.0.1:1'\n"
        f"token = '{CANARY}'\n"
        "[accounts.agency]\nbackend = 'productive'\norganization_id = '1'\ntoken = { env = 'CANARY' }\n",
        encoding="utf-8",
    )
    assert run(["accounts", *form, "--config", str(config)]) == 0
    out, err = capsys.readouterr()
    assert "agency" in out
    assert CANARY not in out + err


def test_a_label_is_printed_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[accounts.ledger]\nbackend = 'ledger'\nlabel = '[red]x[/]'\n", encoding="utf-8")
    assert run(["accounts", "--config", str(config)]) == 0
    assert "[red]x[/]" in capsys.readouterr().out
