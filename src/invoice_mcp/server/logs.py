"""Logging of a serving process: to stderr only, and never a value that a caller or a vendor sent."""

import logging
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class MaskedFormatter(logging.Formatter):
    """Prints where an exception came from and its type, never its text: that can hold invoice data or secrets."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # where another handler has left its own rendering
        return super().format(record)

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802  (the name is logging's)
        return "".join(_masked(ei[1])).rstrip() if ei[1] is not None else ""


def log_to_stderr() -> None:
    """Send warnings and errors of all loggers to stderr, and nothing else anywhere.

    To be called before an `MCPServer` is made: the SDK installs a handler of its own where it finds none.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(MaskedFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def _masked(error: BaseException) -> Iterator[str]:
    cause = error.__cause__ if error.__suppress_context__ else error.__context__
    if cause is not None:
        yield from _masked(cause)
        yield "which led to:\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _masked(member)
