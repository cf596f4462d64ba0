"""Plain text laid out in columns: wrapping, label-and-value lists, tables. No language, no figures of its own.

Widths are columns of a fixed-width font: wide East Asian characters and emoji take two, combining marks none.
Text breaks at ordinary spaces only: figures with no-break spaces, and what is `unbroken`, stay whole.
"""

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final, Literal

from invoice_mcp.domain.text import clean_text

WIDTH: Final = 76
"""The widest line, which still fits 78 columns when it is quoted once in a reply."""

_GLUE: Final = "\x1f"
_GAP: Final = "  "
_TEXT_COLUMN: Final = 10
_NARROWEST_FIRST: Final = 16
_SPACES: Final = re.compile(r"[ \n]+")
_LONGEST: Final = 1000
_NO_WIDTH: Final = frozenset({"Mn", "Me", "Cf"})


def columns(text: str) -> int:
    """How many columns `text` takes."""
    if text.isascii():
        return len(text)
    return sum(map(_char_columns, text))


def one_line(text: str) -> str:
    """`text` as data on one line: nothing hidden in it, every kind of blank and line end one space."""
    return " ".join(clean_text(text, _LONGEST).split())


def unbroken(text: str) -> str:
    """`text` to be kept on one line by `wrap`; `loosened` gives the finished page its spaces back."""
    return text.replace(" ", _GLUE)


def loosened(page: str) -> str:
    """A finished page, with ordinary spaces where `unbroken` held words together."""
    return page.replace(_GLUE, " ")


def lines_of(text: str) -> list[str]:
    """The lines of `text`, each as `one_line` gives it, without blank ones."""
    return [line for line in (one_line(part) for part in text.split("\n")) if line]


def paragraph_text(text: str) -> str:
    """`text` with every run of spaces and line ends made one space."""
    return _SPACES.sub(" ", text).strip(" \n")


def wrap(text: str, width: int = WIDTH) -> list[str]:
    """`text` in lines of at most `width` columns; a line's leading spaces are kept on all it becomes.

    Only a word wider than a line is broken inside.
    """
    return [piece for line in text.split("\n") for piece in _wrap_line(line, width)]


def paragraph(text: str) -> str:
    """`text` as one wrapped paragraph."""
    return "\n".join(wrap(paragraph_text(text)))


def indented(lines: Sequence[str]) -> str:
    """`lines` wrapped and set two columns in."""
    return "\n".join(wrap("\n".join(_GAP + line for line in lines)))


def underlined(text: str) -> str:
    """`text` as a heading."""
    lines = wrap(paragraph_text(text))
    return "\n".join([*lines, "=" * max(map(columns, lines))])


def facts(*groups: Sequence[tuple[str, str]]) -> str:
    """Labels with their values in a column beside them, set in, a blank line between groups.

    A row without a value is left out.
    """
    given = [[(label, value) for label, value in group if value] for group in groups]
    label_width = max((columns(label) for group in given for label, _ in group), default=0)
    value_width = WIDTH - len(_GAP) - label_width - len(_GAP)
    return "\n\n".join(
        "\n".join(
            _GAP + _pad(first, label_width) + _GAP + piece
            for label, value in group
            for first, piece in zip_longest([label], wrap(value, value_width), fillvalue="")
        )
        for group in given
    )


def totals(rows: Sequence[tuple[str, str]]) -> str:
    """Labels and figures, the figures flush with the right edge; a row without a figure is left out."""
    given = [(label, figure) for label, figure in rows if figure]
    figure_width = max(columns(figure) for _, figure in given)
    label_width = min(max(columns(label) for label, _ in given), WIDTH - len(_GAP) - figure_width)
    margin = " " * (WIDTH - label_width - len(_GAP) - figure_width)
    return "\n".join(
        margin + _pad(piece, label_width) + _GAP + " " * (figure_width - columns(last)) + last
        if last
        else margin + piece
        for label, figure in given
        for piece, last in _last_beside(wrap(label, label_width), figure)
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: text, which may wrap, or figures, which never break and are set right."""

    heading: str
    kind: Literal["text", "figure"]


def table(layout: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column takes what the others leave; other columns without any cell are left out.

    Where the figures leave too little room, every row becomes a list of labels and values instead.
    """
    used = [index for index in range(len(layout)) if index == 0 or any(row[index] for row in rows)]
    shown = [layout[index] for index in used]
    cells = [[row[index] for index in used] for row in rows]
    widths = [_width(column, [row[index] for row in cells]) for index, column in enumerate(shown)]
    widths[0] = WIDTH - sum(widths[1:]) - len(_GAP) * (len(widths) - 1)
    if widths[0] < _NARROWEST_FIRST:
        return "\n\n".join(_stacked(shown, row) for row in cells)
    heading = _row(shown, widths, [column.heading for column in shown])
    return "\n".join([heading, "-" * WIDTH, *(_row(shown, widths, row) for row in cells), "-" * WIDTH])


def _width(column: Column, cells: Sequence[str]) -> int:
    widest = max(columns(line) for cell in (column.heading, *cells) for line in cell.split("\n"))
    return widest if column.kind == "figure" else min(widest, _TEXT_COLUMN)


def _row(layout: Sequence[Column], widths: Sequence[int], cells: Sequence[str]) -> str:
    wrapped = [wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
    lines = (
        _GAP.join(
            _pad(piece, width) if column.kind == "text" else " " * (width - columns(piece)) + piece
            for column, width, piece in zip(layout, widths, pieces, strict=True)
        )
        for pieces in zip_longest(*wrapped, fillvalue="")
    )
    return "\n".join(line.rstrip(" ") for line in lines)


def _stacked(layout: Sequence[Column], cells: Sequence[str]) -> str:
    named = [(column.heading, cell) for column, cell in zip(layout[1:], cells[1:], strict=True)]
    return "\n".join([*wrap(cells[0]), facts(named)])


def _last_beside(pieces: Sequence[str], figure: str) -> list[tuple[str, str]]:
    return [*((piece, "") for piece in pieces[:-1]), (pieces[-1], figure)]


def _pad(text: str, width: int) -> str:
    return text + " " * (width - columns(text))


@functools.lru_cache(maxsize=4096)
def _char_columns(char: str) -> int:
    if unicodedata.category(char) in _NO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _wrap_line(line: str, width: int) -> list[str]:
    words = line.lstrip(" ")
    indent = line[: len(line) - len(words)]
    room = width - len(indent)
    lines: list[str] = []
    current = ""
    for piece in (piece for word in words.split(" ") for piece in _pieces(word, room)):
        joined = f"{current} {piece}" if current else piece
        if columns(joined) > room:
            lines.append(indent + current)
            joined = piece
        current = joined
    return [*lines, indent + current]


def _pieces(word: str, room: int) -> list[str]:
    if columns(word) <= room:
        return [word]
    pieces = [""]
    for char in word:
        if _char_columns(char) and columns(pieces[-1]) + _char_columns(char) > room:
            pieces.append("")
        pieces[-1] += char
    return pieces
