"""A process that serves on stdin and stdout: taking them over, serving, and leaving with exit code 0.

Nothing of the SDK is imported with this module: its import takes most of a second, and by then stdin, stdout and the
signals are to be in our hands.
"""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Final, NoReturn

from invoice_mcp.server.logs import log_to_stderr

if TYPE_CHECKING:
    from invoice_mcp.server.server import InvoiceServer

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def serve_stdio(build: "Callable[[], InvoiceServer]") -> None:
    """Serve one client on stdin and stdout until either ends, or SIGTERM or SIGINT comes; then return.

    To be the last thing a process does: stdin, stdout, the signals and the logging are taken over before `build` is
    called, so that nothing it or a library prints comes between the messages, and they are not given back.
    """
    for number in _SIGNALS:
        signal.signal(number, _leave)
    log_to_stderr()
    if sys.platform == "win32":
        _serve_on_threads(build)
    else:
        _serve_on_pipes(build)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # all is done; a second signal makes no failure of it


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


@contextmanager
def _imports_kept() -> Iterator[None]:
    """What is made inside stays as long as the process: the garbage collector need not look at it, now or later."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


if sys.platform == "win32":

    def _serve_on_threads(build: "Callable[[], InvoiceServer]") -> None:
        with _imports_kept():
            import anyio

            from invoice_mcp.server.session import serve_on_threads

            server = build()
        anyio.run(serve_on_threads, server)

else:
    import fcntl

    def _serve_on_pipes(build: "Callable[[], InvoiceServer]") -> None:
        incoming, outgoing = _take_stdio()
        with _imports_kept():
            import anyio

            from invoice_mcp.server.session import serve

            server = build()
        with _never_blocking(incoming, outgoing):
            anyio.run(serve, server, incoming, outgoing)

    def _take_stdio() -> tuple[int, int]:
        """Move stdin and stdout to descriptors of our own; leave the null device and stderr in their places."""
        while (null := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass  # a standard descriptor was closed; it is not any more
        incoming, outgoing = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3) for fd in (0, 1))
        os.dup2(null, 0)
        os.dup2(2, 1)
        os.close(null)
        return incoming, outgoing

    @contextmanager
    def _never_blocking(*descriptors: int) -> Iterator[None]:
        """Non-blocking mode, and the old one at the end: a terminal is shared with the shell that gave it to us."""
        blocking = [fd for fd in descriptors if os.get_blocking(fd)]
        for fd in blocking:
            os.set_blocking(fd, False)
        try:
            yield
        finally:
            for fd in blocking:
                os.set_blocking(fd, True)
