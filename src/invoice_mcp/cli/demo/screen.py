"""What the audience sees: words, calls, answers as small tables. Readable without colours, at most 96 columns wide."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDTH: Final = 96
BELOW: Final = "     "
"""What stands before the lines of an answer."""

_BANDS: Final = ("not_due", "1-30", "31-60", "61-90", "over_90")
_NUMBERS: Final = frozenset({"quantity", "count", "tax_rate", *_BANDS})
_NAMES: Final = frozenset({"buyer", "key", "item_name", "to, or why not"})
_LEAST_NAME: Final = 12


class Screen:
    """Prints to stdout. Colours are left out where stdout is no terminal, or NO_COLOR is set."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._console.width = min(self._console.width, WIDTH) if self._console.is_terminal else WIDTH

    def heading(self, title: str) -> None:
        """A new day."""
        self._console.print()
        self._console.rule(Text(title, style="bold"), align="left", style="dim")

    def tells(self, text: str) -> None:
        """The narrator."""
        self._console.print()
        self._hang("", "", text, "")

    def asks(self, text: str) -> None:
        """What the person writes in the chat."""
        self._console.print()
        self._hang("You  ", "bold green", text, "bold")

    def call(self, tool: str, arguments: Mapping[str, Any]) -> None:
        """The call that a model makes of it."""
        given = " ".join(f"{name}={_written(value)}" for name, value in arguments.items())
        self._hang("  →  ", "cyan", f"{tool} {given}", "cyan")

    def command(self, arguments: Sequence[str]) -> None:
        """What the person types in a terminal."""
        self._console.print()
        self._hang("  $  ", "magenta", f"invoice-mcp {' '.join(arguments)}", "magenta")

    def refusal(self, error: Mapping[str, Any]) -> None:
        """An answer that says no, or not yet, and what to do now."""
        mark = "  ?  " if error["code"] == "confirmation_required" else "  ✗  "
        self._hang(mark, "red", f"{error['code']}: {error['message']}", "")
        self._hang(BELOW, "", error["next"], "")

    def answer(self, line: str) -> None:
        """An answer in a line."""
        self._hang("  ←  ", "cyan", line, "")

    def output(self, text: str) -> None:
        """Lines as something else wrote them: a command, or a preview."""
        for line in text.rstrip().splitlines():
            self._hang(BELOW, "", line, "")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Rows under `columns`, the names of their cells; amounts stand at the right, and only names are folded."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        cells = [[str(cell) for cell in row] for row in rows]
        for place, column in enumerate(columns):
            widest = max((len(row[place]) for row in cells), default=0)
            table.add_column(
                column.removesuffix("_amount").replace("_", " "),
                justify="right" if column in _NUMBERS or column.endswith(("_amount", "_price")) else "left",
                min_width=min(widest, _LEAST_NAME) if column in _NAMES else widest,
                overflow="fold",
            )
        for row in cells:
            table.add_row(*(Text(cell) for cell in row))
        self._console.print(Padding(table, (0, 0, 0, len(BELOW)), expand=False))

    def found(self, answer: Mapping[str, Any], columns: Sequence[str], sums: Sequence[str]) -> None:
        """The rows of a search in some of its columns, and its totals in some of theirs."""
        places = [answer["columns"].index(column) for column in columns]
        self.table(columns, [[row[place] for place in places] for row in answer["rows"]])
        self._console.print()
        headings = ("totals", "currency", "count", *sums)
        self.table(
            headings,
            [
                ["not issued" if totals.get("not_issued") else "issued", *(totals[name] for name in headings[1:])]
                for totals in answer["totals"]
            ],
        )

    def ageing(self, ageing: Sequence[Mapping[str, str]]) -> None:
        """What is payable, by days past due."""
        columns = ("currency", *_BANDS)
        self._console.print()
        self.table(columns, [[each[name] for name in columns] for each in ageing])

    def invoice(self, invoice: Mapping[str, Any]) -> None:
        """An invoice: its lines and what they come to."""
        columns = ("item_name", "quantity", "net_price", "tax_rate", "net_amount")
        self.table(
            columns,
            [
                [
                    line["item_name"],
                    " ".join(part for part in (line["quantity"], line.get("unit", "")) if part),
                    line["net_price"],
                    f"{line['tax_rate']} %",
                    line["net_amount"],
                ]
                for line in invoice["lines"]
            ],
        )
        self.answer(
            f"{invoice['status']} for {invoice['buyer']['name']}: {invoice['currency']} "
            f"{invoice['tax_exclusive_amount']} + {invoice['tax_amount']} VAT = {invoice['tax_inclusive_amount']}"
        )

    def mail(self, mail: Mapping[str, str]) -> None:
        """A mail as it will arrive."""
        headers = [f"{name + ':':9}{mail[name]}" for name in ("From", "To", "Subject")]
        self._console.print()
        for line in (*headers, "", *mail["text"].strip().splitlines()):
            self._console.print(Text(f"  │ {line}".rstrip()))

    def _hang(self, mark: str, mark_style: str, text: str, style: str) -> None:
        """`text` after `mark`, its further lines below its first."""
        width = self._console.width - len(mark)
        first, *rest = textwrap.wrap(text, width, break_on_hyphens=False) or [""]
        self._console.print(Text.assemble((mark, mark_style), (first, style)))
        for line in rest:
            self._console.print(Text(" " * len(mark) + line, style=style))


def _written(value: Any) -> str:
    return value if isinstance(value, str) and " " not in value else json.dumps(value, ensure_ascii=False)
