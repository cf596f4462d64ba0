"""`invoice-mcp schemas`: the published schema of every tool as a file, so that a change of them is seen."""

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final

import click

from invoice_mcp.cli.options import config_option

REFERENCE: Final = "reference.toml"
"""The configuration whose accounts the files name; it is part of the package."""


@click.command("schemas")
@config_option
@click.option("--write", "action", flag_value="write", help="Write the files.")
@click.option("--check", "action", flag_value="check", help="Exit with 1 when a file is not as published.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="tool_schemas")
@click.pass_context
def command(context: click.Context, action: str | None, folder: Path) -> None:
    """Write or check the published schemas of the tools.

    They are those of the reference configuration.
    FOLDER is tool_schemas unless given.
    """
    if action is None:
        raise click.UsageError("give --write or --check")
    files = schema_files()
    if action == "write":
        write(files, folder)
        return
    wrong = differing(files, folder)
    for name in wrong:
        click.echo(f"{folder / name} is not what this version publishes", err=True)
    if wrong:
        click.echo(f"rewrite them with: invoice-mcp schemas --write {folder}", err=True)
        context.exit(1)


def schema_files() -> dict[str, str]:
    """The content of every file by its name, the same at every call."""
    from invoice_mcp.service.app import Services
    from invoice_mcp.settings import parse_settings, system_clock
    from invoice_mcp.tools import TOOLS
    from invoice_mcp.tools.schema import published

    reference = resources.files("invoice_mcp").joinpath(REFERENCE).read_text("utf-8")
    settings = parse_settings(reference, Path.cwd())
    accounts = Services(settings, system_clock(settings)).accounts
    return {
        f"{tool.name}.json": json.dumps(published(tool, accounts.that_may(tool.name)), indent=2, ensure_ascii=False)
        + "\n"
        for tool in TOOLS
    }


def write(files: Mapping[str, str], folder: Path) -> None:
    """Make the JSON files of `folder` be `files`, and no others."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(_json_files(folder)) - set(files):
        (folder / stale).unlink()
    for name, content in files.items():
        (folder / name).write_text(content, "utf-8")


def differing(files: Mapping[str, str], folder: Path) -> list[str]:
    """The names of files that are missing, too many, or of other content."""
    found = _json_files(folder)
    return sorted(name for name in found.keys() | files.keys() if found.get(name) != files.get(name))


def _json_files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in folder.glob("*.json")}
