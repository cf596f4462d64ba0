"""A connection over time: opened at first use, given up after a failure so that the next use starts afresh."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from invoice_mcp.storage.connection import Opened
from invoice_mcp.storage.failures import from_sqlite

if TYPE_CHECKING:
    import apsw

T = TypeVar("T")


class Handle:
    """What one thread has of the database. Every method must be called on that thread."""

    def __init__(self, connect: Callable[[], Opened]) -> None:
        self._connect = connect
        self._opened: Opened | None = None

    def use(self, work: "Callable[[apsw.Connection], T]") -> T:
        """What `work` returns. Raises StorageFailed for every error of apsw, and whatever else the work raises."""
        import apsw

        try:
            opened = self._opened = self._opened or self._connect()
            opened.check()
            result = work(opened.connection)
            opened.check()
        except apsw.Error as error:
            self.close()
            raise from_sqlite(error) from error
        finally:
            self._give_up_if_spent()
        return result

    def close(self) -> None:
        """Close the connection, if there is one."""
        import apsw

        opened, self._opened = self._opened, None
        if opened is not None:
            with suppress(apsw.Error):  # what was committed is safe in the WAL, whoever moves it from there
                opened.connection.close(True)

    def _give_up_if_spent(self) -> None:
        """A cursor that outlives its work would hold the next one in an old state of the data.

        A frozen file may be another one the next time.
        """
        import apsw

        opened = self._opened
        if opened is not None and (opened.frozen or opened.connection.txn_state() != apsw.SQLITE_TXN_NONE):
            self.close()
