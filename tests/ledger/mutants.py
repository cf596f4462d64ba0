"""The program with one thing wrong: what the proofs have to notice, and how each is brought about.

A mutant is applied by something like `setattr`: pytest's, which takes it back, or Python's own in a program of its own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import apsw

from invoice_mcp.backends.ledger import create, heads, journal, payments, phases, reminders
from invoice_mcp.storage import engine

Patch = Callable[[Any, str, Any], None]


def nothing(patch: Patch) -> None:
    """The program as it is."""


def no_look_up(patch: Patch) -> None:
    """No write is recognised when it comes again."""
    patch(journal, "recorded", lambda connection, identity, moment: None)


def no_comparison(patch: Patch) -> None:
    """An invoice counts as unchanged since the plan was made, whatever happened to it."""

    def unchanged(connection: apsw.Connection, invoice_id: str, version: int) -> dict[str, Any]:
        return heads.head_of(connection, invoice_id)

    for rules in (create, payments, phases, reminders):
        patch(rules, "unchanged", unchanged)


def number_from_before(patch: Patch) -> None:
    """The number is the one that was next when the write was planned, outside its transaction."""
    planned: dict[str, Any] = {}
    right = phases.next_number

    def next_number(connection: apsw.Connection, book: Any, head: Any, moment: Any) -> Any:
        return planned.setdefault(head["id"], right(connection, book, head, moment))

    patch(phases, "next_number", next_number)


def commits_lost(patch: Patch) -> None:
    """Every tenth write to a ledger is undone and said to be done."""
    writes = iter(range(10**9))

    def committed(connection: apsw.Connection, work: Callable[[apsw.Connection], Any]) -> Any:
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            is_ledger = Path(connection.filename).name != "state.db"
            connection.execute("ROLLBACK" if is_ledger and next(writes) % 10 == 9 else "COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    patch(engine, "_committed", committed)


MUTANTS: Final[dict[str, Callable[[Patch], None]]] = {
    each.__name__: each for each in (nothing, no_look_up, no_comparison, number_from_before, commits_lost)
}
