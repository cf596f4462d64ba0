"""Processes that work at the same time, report what was acknowledged to them, and can be killed at any moment."""

import json
import os
import signal
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from storage.programs import end_of, in_child

Answer = dict[str, Any]
Report = Callable[[Answer], None]
Work = Callable[[Report], Coroutine[Any, Any, None]]


class Worker:
    """A process that does `work`, and what it has reported so far."""

    def __init__(self, work: Work) -> None:
        reading, writing = os.pipe()

        def report(answer: Answer) -> None:
            os.write(writing, json.dumps(answer).encode() + b"\n")

        self._pid: int | None = in_child(lambda: work(report))
        os.close(writing)
        self._reports = os.fdopen(reading, "rb")
        self.reported: list[Answer] = []

    def hear(self, reports: int) -> None:
        """Wait for so many reports, or for the end of the worker."""
        for line in (self._reports.readline() for _ in range(reports)):
            self.reported += [json.loads(line)] if line else []

    def kill(self) -> bool:
        """End it where it stands, unless it has ended; whether it was killed."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
        return self.end()

    def end(self) -> bool:
        """Wait for its end and its last reports; whether it was killed."""
        if self._pid is None:
            return False
        with self._reports:
            self.reported += [json.loads(line) for line in self._reports]
        pid, self._pid = self._pid, None
        return end_of(pid) != 0


@contextmanager
def crew(works: Sequence[Work]) -> Iterator[list[Worker]]:
    """Workers that work at the same time. None of them outlives the block."""
    with ExitStack() as stack:
        workers = []
        for work in works:
            workers.append(Worker(work))
            stack.callback(workers[-1].kill)
        yield workers


def reports_of(works: Sequence[Work]) -> list[list[Answer]]:
    """What each of several workers reported that worked at the same time, to their end."""
    with crew(works) as workers:
        for worker in workers:
            worker.end()
        return [worker.reported for worker in workers]
