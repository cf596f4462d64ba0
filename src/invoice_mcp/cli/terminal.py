"""What goes between a command and whoever started it: JSON, tables, and a yes or no."""

import json
import sys
from collections.abc import Sequence
from typing import IO, Any, Final

import click

from invoice_mcp.errors import InvalidRequest

_ORDINARY_WIDTH: Final = 80
_YES: Final = frozenset({"y", "yes"})


def is_person(stream: IO[str] | None) -> bool:
    """Whether `stream` is a terminal; None is one that was closed before we started."""
    return stream is not None and stream.isatty()


def can_ask() -> bool:
    """Whether a person can read a question here, and answer it."""
    return is_person(sys.stdin) and is_person(sys.stderr)


async def ask(question: str) -> bool:
    """Put a question to the person; whether they agree. Anything but yes is no, and stdout stays free for JSON."""
    import anyio

    click.echo(f"{question} [y/N] ", nl=False, err=True)
    await anyio.wait_readable(sys.stdin)  # unlike a read that blocks, this ends at once on an interrupt
    return sys.stdin.readline().strip().lower() in _YES


def answer(what: str) -> str:
    """What a person types after `what`, or a line of standard input.

    Raises:
        InvalidRequest: nothing came.
    """
    return _answered(what, hidden=False)


def secret(what: str) -> str:
    """The same, unseen. Never an argument, which others could read."""
    return _answered(what, hidden=True)


def _answered(what: str, *, hidden: bool) -> str:
    if can_ask():
        return str(click.prompt(what, hide_input=hidden, err=True)).strip()
    line = sys.stdin.readline().strip()
    if not line:
        raise InvalidRequest(
            f"{what}: nothing came on standard input.", next="Type it when asked, or hand it over as one line."
        )
    return line


def print_json(value: Any) -> None:
    """`value` on stdout: indented for a person, on one line for a program."""
    indent, separators = (2, None) if is_person(sys.stdout) else (None, (",", ":"))
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent, separators=separators))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table for a person; an empty cell is a dash. What does not fit is folded, not cut."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    tall = any("\n" in cell for row in rows for cell in row)
    table = Table(box=box.SIMPLE, leading=1 if tall else 0)
    for place, heading in enumerate(headings):
        words = all(" " not in row[place] for row in rows)  # as ids are, which are there to be copied
        table.add_column(heading, overflow="fold", no_wrap=words and console.width >= _ORDINARY_WIDTH)
    for row in rows:
        table.add_row(*(Text(cell or "-") for cell in row))  # Text: a name is not markup
    console.print(table)
