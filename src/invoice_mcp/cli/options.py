"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from invoice_mcp.settings import Settings, load_settings

F = TypeVar("F", bound=Callable[..., Any])


def _remember(context: click.Context, _parameter: click.Parameter, named: Path | None) -> None:
    if named is not None:
        context.find_root().obj = named


def config_option(command: F) -> F:
    """`--config PATH`, before the command or after it; the last one given counts."""
    option = click.option(
        "--config",
        metavar="PATH",
        type=click.Path(path_type=Path),
        expose_value=False,
        callback=_remember,
        help="The configuration to use instead of $INVOICE_MCP_CONFIG or the usual one.",
    )
    return option(command)


def json_option(command: F) -> F:
    """`--json`, for machines; the command receives `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")(command)


def configured(context: click.Context) -> Settings:
    """The configuration that this command line is about.

    Raises:
        ConfigError: it cannot be used.
    """
    return load_settings(context.find_root().obj)
