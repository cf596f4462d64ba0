"""Every test here runs in an empty home, with no configuration of the machine in the way."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from invoice_mcp.backends import registry

from .desks import Desk, Doubles
from .offices import Office


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("INVOICE_MCP_CONFIG", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Office:
    folder = tmp_path / "office"
    folder.mkdir()
    return Office(folder, capsys)


@pytest.fixture
def ledger_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that has no adapter but the ledger's; for this process alone."""
    monkeypatch.setattr(registry, "ADAPTERS", {"ledger": registry.ADAPTERS["ledger"]})


@pytest.fixture(scope="module")
def doubles() -> Iterator[Doubles]:
    """The doubles, which nothing writes to."""
    with ExitStack() as stack:
        yield Doubles(stack)


@pytest.fixture
def desk(
    tmp_path: Path,
    doubles: Doubles,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    return Desk(tmp_path / "config", doubles, capsys, monkeypatch)
