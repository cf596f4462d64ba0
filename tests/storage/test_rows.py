"""Rows by the names of their columns."""

from collections.abc import Iterator

import apsw
import pytest

from invoice_mcp.storage.rows import row, rows


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE t (a INTEGER, b TEXT) STRICT; INSERT INTO t VALUES (1, 'x'), (2, NULL), (3, 'z')")
    yield connection
    connection.close()


def test_rows_come_in_the_order_of_the_query_under_the_names_it_gives(connection: apsw.Connection) -> None:
    found = rows(connection, "SELECT b AS text, a FROM t ORDER BY a DESC")
    assert found == [{"text": "z", "a": 3}, {"text": None, "a": 2}, {"text": "x", "a": 1}]


@pytest.mark.parametrize("parameters", [(2,), {"least": 2}])
def test_parameters_are_given_by_place_or_by_name(connection: apsw.Connection, parameters: object) -> None:
    assert [each["a"] for each in rows(connection, "SELECT a FROM t WHERE a >= :least", parameters)] == [2, 3]
    assert row(connection, "SELECT a FROM t WHERE a >= :least ORDER BY a", parameters) == {"a": 2}


def test_nothing_found_is_no_rows_and_no_row(connection: apsw.Connection) -> None:
    assert rows(connection, "SELECT a FROM t WHERE 0") == []
    assert row(connection, "SELECT a FROM t WHERE 0") is None


def test_one_row_of_several_leaves_no_transaction_open(connection: apsw.Connection) -> None:
    assert row(connection, "SELECT a FROM t") == {"a": 1}
    assert connection.txn_state() == apsw.SQLITE_TXN_NONE
