"""Which fault is done to which request: a list that is used up from the front."""

from collections.abc import Iterable
from dataclasses import dataclass

from invoice_mcp.sandbox.faults import Fault
from invoice_mcp.sandbox.http1 import Request


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault and the requests it waits for.

    Attributes:
        fault: what is done.
        methods: to which methods; none given, to any.
        path: part of the path it has to have; empty, any.
        after: how many such requests pass first; connections, for a connection fault without methods and path.
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
    """The faults still to come. Only the first one waits; what it does not want passes untouched."""

    def __init__(self, planned: Iterable[Fault | Planned] = ()) -> None:
        """Plan these, in this order; those of the address are left out, for nothing here can do them."""
        entries = (each if isinstance(each, Planned) else Planned(each) for each in planned)
        self._left = [each for each in entries if each.fault.moment != "address"]
        self._passed = 0

    @property
    def left(self) -> list[str]:
        """The names of the faults that were not done; empty when every one was."""
        return [each.fault.name for each in self._left]

    def take_connection(self) -> Fault | None:
        """The next fault, when it is due for a connection that was just accepted."""
        first = self._first
        if first is None or first.fault.moment != "connection" or first.is_picky:
            return None
        return self._take_or_pass(first)

    def take_request(self, request: Request) -> Fault | None:
        """The next fault, when it is due for `request`."""
        first = self._first
        if first is None or not first.wants(request):
            return None
        if first.fault.moment == "listening":
            self._passed += 1
            return None
        if first.fault.moment == "connection" and not first.is_picky:
            return None
        return self._take_or_pass(first)

    def take_listening(self) -> Fault | None:
        """The next fault, when it is time to listen no more."""
        first = self._first
        if first is None or first.fault.moment != "listening" or self._passed < first.after:
            return None
        return self._take_or_pass(first)

    @property
    def _first(self) -> Planned | None:
        return self._left[0] if self._left else None

    def _take_or_pass(self, first: Planned) -> Fault | None:
        if self._passed < first.after:
            self._passed += 1
            return None
        self._passed = 0
        self._left.remove(first)
        return first.fault
