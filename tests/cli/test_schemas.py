"""`schemas` writes what is published and notices every difference to it."""

import json
from pathlib import Path

import pytest

from invoice_mcp.cli import run
from invoice_mcp.domain.tools import TOOLS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as `--write` leaves it."""
    assert run(["schemas", "--write", str(tmp_path / "schemas")]) == 0
    return tmp_path / "schemas"


def test_there_is_one_file_per_tool_and_it_is_what_is_published(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {f"{tool}.json" for tool in TOOLS}
    for tool in TOOLS:
        text = (folder / f"{tool}.json").read_text("utf-8")
        published = json.loads(text)
        assert published["name"] == tool
        assert published["inputSchema"]["additionalProperties"] is False
        assert text == json.dumps(published, indent=2, ensure_ascii=False) + "\n"


def test_the_files_are_those_of_the_reference_configuration_whatever_is_configured(
    folder: Path, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[accounts.other]\nbackend = 'ledger'\n", encoding="utf-8")
    assert run(["--config", str(config), "schemas", "--check", str(folder)]) == 0
    accounts = json.loads((folder / "get_invoice.json").read_text("utf-8"))["inputSchema"]["properties"]["account"]
    assert "ledger" in accounts["enum"]
    assert "other" not in accounts["enum"]


def test_a_folder_just_written_passes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schemas", "--check", str(folder)]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("change", ["edited", "missing", "too many"])
def test_a_difference_is_named_with_the_way_to_mend_it(
    change: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = {"edited": "get_invoice.json", "missing": "change_phase.json", "too many": "pay_invoice.json"}[change]
    if change == "missing":
        (folder / name).unlink()
    else:
        (folder / name).write_text("{}\n", encoding="utf-8")
    assert run(["schemas", "--check", str(folder)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"{folder / name} is not what this version publishes",
        f"rewrite them with: invoice-mcp schemas --write {folder}",
    ]
    assert run(["schemas", "--write", str(folder)]) == 0
    assert run(["schemas", "--check", str(folder)]) == 0


def test_a_folder_that_is_not_there_differs_in_every_tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schemas", "--check", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.count("is not what this version publishes") == len(TOOLS)


def test_one_of_the_two_has_to_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schemas"]) == 2
    assert "give --write or --check" in capsys.readouterr().err


def test_the_usual_folder_is_tool_schemas_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["schemas", "--write"]) == 0
    assert (tmp_path / "tool_schemas" / "get_invoice.json").exists()


def test_files_that_are_no_schemas_are_left_alone(folder: Path) -> None:
    (folder / "README.md").write_text("words", encoding="utf-8")
    assert run(["schemas", "--check", str(folder)]) == 0
    assert run(["schemas", "--write", str(folder)]) == 0
    assert (folder / "README.md").read_text("utf-8") == "words"
