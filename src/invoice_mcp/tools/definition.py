"""What a tool is: a static value from which listing, parsing, dispatch, schemas and docs are all read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from invoice_mcp.domain.requests import Request
from invoice_mcp.service.app import Services
from invoice_mcp.service.caller import Caller

R = TypeVar("R", bound=Request)


@dataclass(frozen=True, slots=True)
class Hints:
    """The four hints of the protocol, all of them always given."""

    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool


@dataclass(frozen=True, slots=True)
class Tool(Generic[R]):
    """One tool. `handle` returns the JSON object of the answer, or raises an `InvoiceError`.

    `account_arguments` are the arguments whose published enum is the list of accounts that can do this tool.
    `output` is the lean JSON schema of the answer.
    """

    name: str
    title: str
    description: str
    request: type[R]
    hints: Hints
    output: dict[str, Any]
    handle: Callable[[R, Services, Caller], Awaitable[dict[str, Any]]]
    account_arguments: tuple[str, ...] = field(default=())
