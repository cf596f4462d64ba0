"""A client of a server of ours: started as a process, spoken to over stdio by the SDK's own client, as a host does."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, TextContent

ANSWER_WITHIN_S: Final = 30.0
"""How long the server may take to start, or to answer."""


class ServerFailedError(Exception):
    """The server did not start, ended, was silent for `ANSWER_WITHIN_S`, or is defective. Its words are on stderr."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The object a tool answered with; `refused` when that is an error."""

    content: dict[str, Any]
    refused: bool


CallTool = Callable[[str, dict[str, Any]], Awaitable[Answer]]


@asynccontextmanager
async def connected(command: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[CallTool]:
    """A way to call tools of the server that `command` starts; it is stopped at the end.

    The client has nobody to ask, and says so.

    Raises:
        ServerFailedError: there is no server to talk to, none any more, or a broken one.
    """
    program, *arguments = command
    parameters = StdioServerParameters(command=program, args=arguments, env=dict(environment))
    failure: Exception | None = None
    try:
        async with Client(parameters, read_timeout_seconds=ANSWER_WITHIN_S) as client:

            async def call(tool: str, given: dict[str, Any]) -> Answer:
                return _answer(await client.call_tool(tool, given))

            try:
                yield call
            except Exception as error:  # kept until the client has left, which would wrap it in groups
                failure = error
    except ExceptionGroup as group:
        raise ServerFailedError("the server did not start") from group
    if isinstance(failure, MCPError):
        raise ServerFailedError("the server did not answer") from failure
    if failure is not None:
        raise failure


def _answer(result: CallToolResult) -> Answer:
    """What the answer says in its text, which for an error is the only place."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    try:
        return Answer(json.loads(block.text), bool(result.is_error))
    except ValueError:
        raise ServerFailedError("the server failed at a call") from None
