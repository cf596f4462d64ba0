"""Which fault is done to which request: a list that is used up from the front."""

from collections.abc import Iterable
from dataclasses import dataclass

from invoice_mcp.sandbox.faults import Fault, Moment
from invoice_mcp.sandbox.http1 import Request


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault and the requests it waits for.

    Attributes:
        fault: what is done.
        methods: to which methods; none given, to any.
        path: part of the path it has to have; empty, any.
        after: how many such requests (for a connection fault without methods and path: connections) pass first.
    """

    fault: Fault
    methods: frozenset[str] = frozenset()
    path: str = ""
    after: int = 0

    @property
    def is_picky(self) -> bool:
        """Whether the request has to be seen before it is known."""
        return bool(self.methods or self.path)

    def wants(self, request: Request) -> bool:
        """Whether `request` is one of those it waits for."""
        return (not self.methods or request.method in self.methods) and self.path in request.path


def on(fault: Fault, *methods: str, path: str = "", after: int = 0) -> Planned:
    """`fault` for requests with one of `methods` (any, when none is named) whose path holds `path`.

    The first `after` of them pass untouched.
    """
    return Planned(fault, frozenset(methods), path, after)


class Plan:
    """The faults still to come. Only the first one waits; a request it does not want passes untouched."""

    def __init__(self, planned: Iterable[Fault | Planned] = ()) -> None:
        self._left = [each if isinstance(each, Planned) else Planned(each) for each in planned]
        self._passed = 0

    @property
    def left(self) -> list[str]:
        """The names of the faults that were not done; empty when every one was."""
        return [each.fault.name for each in self._left]

    def take_moment(self, moment: Moment) -> Fault | None:
        """The next fault, when it is due at `moment` whatever the request may be."""
        if not self._left or self._left[0].fault.moment != moment or self._left[0].is_picky:
            return None
        return self._take(count=moment == "connection")

    def take(self, request: Request) -> Fault | None:
        """The next fault, when it is due for `request`."""
        if not self._left or not self._left[0].wants(request):
            return None
        first = self._left[0]
        if first.fault.moment == "listening":
            self._passed += 1
            return None
        if first.fault.moment == "address" or (first.fault.moment == "connection" and not first.is_picky):
            return None
        return self._take(count=True)

    def _take(self, *, count: bool) -> Fault | None:
        if self._passed < self._left[0].after:
            self._passed += count
            return None
        self._passed = 0
        return self._left.pop(0).fault
