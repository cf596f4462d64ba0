"""JSON-RPC messages in lines of bytes: cutting a stream into lines, and reading one line. No I/O."""

from collections.abc import Iterator
from typing import Any, Final

from mcp.types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    RequestId,
)
from pydantic import ValidationError
from pydantic_core import from_json

MAX_LINE_BYTES: Final = 4 * 1024 * 1024
"""The longest message that is read; the SDK's limit for a message over HTTP."""


class FramingError(Exception):
    """A line is no message. `reply` is what its sender is told; it repeats nothing of the line."""

    def __init__(self, code: int, message: str, request_id: RequestId | None = None) -> None:
        super().__init__(message)
        self.reply = JSONRPCError(jsonrpc="2.0", id=request_id, error=ErrorData(code=code, message=message))


class LineSplitter:
    """Cuts a stream of bytes into lines, and holds at most `max_bytes` and one chunk of an unfinished one."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._unfinished = bytearray()
        self._too_long = False

    def feed(self, chunk: bytes) -> Iterator[bytes | None]:
        """The lines that `chunk` finishes, without their newline; `None` stands for one of more than `max_bytes`."""
        *finished, rest = chunk.split(b"\n")
        for part in finished:
            self._extend(part)
            yield self._take()
        self._extend(rest)

    def finish(self) -> bytes | None:
        """What came after the last newline, once the stream has ended."""
        return self._take()

    def _extend(self, part: bytes) -> None:
        if self._too_long or len(self._unfinished) + len(part) > self._max_bytes:
            self._too_long = True
        else:
            self._unfinished += part

    def _take(self) -> bytes | None:
        line = None if self._too_long else bytes(self._unfinished)
        self._too_long = False
        self._unfinished.clear()
        return line


def read_message(line: bytes | None) -> JSONRPCMessage:
    """The message in a line of a `LineSplitter`.

    Raises:
        FramingError: not JSON in UTF-8, too long, a batch (the protocol has none), or no JSON-RPC 2.0 message.
    """
    if line is None:
        raise FramingError(INVALID_REQUEST, f"The message is longer than {MAX_LINE_BYTES} bytes.")
    try:
        value = from_json(line, allow_inf_nan=False)
    except ValueError:
        raise FramingError(PARSE_ERROR, "The line is not JSON in UTF-8.") from None
    if isinstance(value, list):
        raise FramingError(INVALID_REQUEST, "Batches are not accepted; send one message on each line.")
    if not isinstance(value, dict):
        raise FramingError(INVALID_REQUEST, "The line is not a JSON-RPC 2.0 message.")
    try:
        return _model(value).model_validate(value, by_name=False)
    except ValidationError:
        raise FramingError(INVALID_REQUEST, "The line is not a JSON-RPC 2.0 message.", _request_id(value)) from None


def write_message(message: JSONRPCMessage) -> bytes:
    """`message` as one line, newline included."""
    return message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"


def _model(value: dict[str, Any]) -> type[JSONRPCRequest | JSONRPCNotification | JSONRPCResponse | JSONRPCError]:
    if "method" in value:
        return JSONRPCRequest if "id" in value else JSONRPCNotification
    return JSONRPCError if "error" in value else JSONRPCResponse


def _request_id(value: dict[str, Any]) -> RequestId | None:
    """The id to answer with. What has no method is an answer, and its id is one of ours: it names no request."""
    request_id = value.get("id") if "method" in value else None
    return request_id if isinstance(request_id, str) or type(request_id) is int else None
