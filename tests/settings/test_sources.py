"""Which file is read, and which files are not trusted."""

import os
from pathlib import Path

import pytest

from invoice_mcp.settings import ConfigError, LedgerOptions, find_config, load_settings


def write(path: Path, scan_pages: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"scan_pages = {scan_pages}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def hand_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `path` somebody else's: really where we may, else by being somebody else ourselves."""
    if os.geteuid() == 0:
        os.chown(path, 4242, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4242)


def test_the_command_line_comes_before_the_environment_and_that_before_the_usual_place(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, from_environment = write(tmp_path / "named.toml", 11), write(tmp_path / "environment.toml", 12)
    usual, elsewhere = write(home / ".config/invoice-mcp/config.toml", 13), tmp_path / "xdg"
    write(elsewhere / "invoice-mcp/config.toml", 14)

    assert load_settings().scan_pages == 13
    monkeypatch.setenv("XDG_CONFIG_HOME", str(elsewhere))
    assert load_settings().scan_pages == 14
    monkeypatch.setenv("INVOICE_MCP_CONFIG", str(from_environment))
    assert load_settings().scan_pages == 12
    assert load_settings(named).scan_pages == 11
    monkeypatch.setenv("INVOICE_MCP_CONFIG", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert load_settings().scan_pages == 13
    usual.unlink()
    assert find_config() is None
    assert load_settings().scan_pages == 5


def test_a_named_file_may_be_relative_or_in_a_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / "mine.toml", 11)
    monkeypatch.chdir(home)
    assert load_settings(Path("mine.toml")).scan_pages == 11
    monkeypatch.setenv("INVOICE_MCP_CONFIG", "~/mine.toml")
    assert load_settings().scan_pages == 11


def test_relative_paths_in_it_start_at_the_file_not_at_the_working_folder(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "etc/config.toml"
    config.parent.mkdir()
    config.write_text("[accounts.ledger]\nbackend = 'ledger'\npath = 'data/ledger.db'\n", encoding="utf-8")
    monkeypatch.chdir(home)
    options = load_settings(Path("../etc/config.toml")).accounts["ledger"].options
    assert isinstance(options, LedgerOptions)
    assert options.path.resolve() == tmp_path / "etc/data/ledger.db"


def test_a_file_that_is_named_has_to_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path / "none.toml")
    monkeypatch.setenv("INVOICE_MCP_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings()


def test_a_usual_file_that_leads_nowhere_is_not_taken_for_none(home: Path) -> None:
    usual = home / ".config/invoice-mcp/config.toml"
    usual.parent.mkdir(parents=True)
    usual.symlink_to(home / "gone.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings()


@pytest.mark.parametrize("mode", [0o666, 0o602, 0o777])
def test_a_file_that_everybody_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    config = write(tmp_path / "config.toml", 7)
    config.chmod(mode)
    with pytest.raises(ConfigError, match="everybody can write to it; run chmod o-w"):
        load_settings(config)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o644, 0o664])
def test_a_file_that_only_we_and_our_group_can_write_is_read(tmp_path: Path, mode: int) -> None:
    config = write(tmp_path / "config.toml", 7)
    config.chmod(mode)
    assert load_settings(config).scan_pages == 7


def test_a_link_is_judged_by_the_file_it_leads_to(tmp_path: Path) -> None:
    config = write(tmp_path / "config.toml", 7)
    link = tmp_path / "link.toml"
    link.symlink_to(config)
    assert load_settings(link).scan_pages == 7
    config.chmod(0o666)
    with pytest.raises(ConfigError, match="everybody can write to it"):
        load_settings(link)


def test_somebody_elses_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write(tmp_path / "config.toml", 7)
    hand_over(config, monkeypatch)
    if config.stat().st_uid == os.geteuid():
        pytest.skip("cannot tell ourselves from others here")
    with pytest.raises(ConfigError, match="belongs to another user"):
        load_settings(config)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    config = tmp_path / "config.toml"
    config.mkdir() if kind == "folder" else os.mkfifo(config, 0o600)
    with pytest.raises(ConfigError, match=r"not a regular file|cannot be read"):
        load_settings(config)


def test_a_file_beyond_a_mebibyte_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("#" * (1 << 20) + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="larger than 1048576 bytes"):
        load_settings(config)


def test_a_file_that_is_no_text_is_refused_without_repeating_it(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_bytes(b"today = '\xff\xfe kanarie'")
    with pytest.raises(ConfigError, match="not UTF-8") as refusal:
        load_settings(config)
    assert "kanarie" not in str(refusal.value)


def test_without_a_home_folder_the_variable_to_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(ConfigError, match=r"XDG_(DATA|STATE)_HOME: not set"):
        load_settings(write(tmp_path / "config.toml", 7))
