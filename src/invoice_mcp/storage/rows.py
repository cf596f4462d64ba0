"""Rows of a query by the names of its columns."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import apsw


def rows(
    connection: "apsw.Connection", sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()
) -> list[dict[str, Any]]:
    """All rows, in the order of the query."""
    cursor = connection.execute(sql, parameters)
    first = cursor.fetchone()
    if first is None:
        return []
    names = tuple(column[0] for column in cursor.get_description())  # known only while a row is at hand
    return [dict(zip(names, values, strict=True)) for values in (first, *cursor)]


def row(
    connection: "apsw.Connection", sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()
) -> dict[str, Any] | None:
    """The first row, or None."""
    cursor = connection.execute(sql, parameters)
    values = cursor.fetchone()
    if values is None:
        return None
    return {column[0]: value for column, value in zip(cursor.get_description(), values, strict=True)}
