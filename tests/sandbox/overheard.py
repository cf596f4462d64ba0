"""What passes between a double and whoever asks it, heard whole and only then judged."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Heard:
    """A request and its answer."""

    method: str
    path: str
    asked: bytes
    status: int
    media_type: str
    answered: bytes


def overheard(app: Any, judge: Callable[[Heard], None]) -> Any:
    """`app`, with `judge` called for all that it answers."""

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        asked, answered = bytearray(), bytearray()
        start: dict[str, Any] = {}

        async def heard() -> Any:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def said(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            answered.extend(message.get("body", b""))
            await send(message)

        await app(scope, heard, said)
        path = scope["raw_path"].decode().partition("?")[0]
        media_type = dict(start["headers"]).get(b"content-type", b"").decode()
        judge(Heard(scope["method"], path, bytes(asked), start["status"], media_type, bytes(answered)))

    return listening
