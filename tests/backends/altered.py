"""A double whose replies are changed on their way."""

import json
from collections.abc import Callable
from typing import Any


def changed(
    path: str,
    change: Callable[[Any], Any],
    headers: dict[str, str] | None = None,
    *,
    writes: bool | None = None,
) -> Callable[[Any], Any]:
    """Puts `change` on every JSON reply to a request with `path` in it: to all, or only to those that write or not."""

    def dress(app: Any) -> Any:
        async def altered(scope: Any, receive: Any, send: Any) -> None:
            other = writes is not None and writes is (scope["method"] == "GET")
            if other or path not in scope["raw_path"].decode():
                await app(scope, receive, send)
                return
            messages: list[Any] = []

            async def keep(message: Any) -> None:
                messages.append(message)

            await app(scope, receive, keep)
            body = b"".join(message.get("body", b"") for message in messages)
            new = json.dumps(change(json.loads(body))).encode() if body else b""
            start = messages[0]
            kept = [(name, value) for name, value in start["headers"] if name not in (b"content-length", b"link")]
            added = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
            await send({**start, "headers": [*kept, *added, (b"content-length", str(len(new)).encode())]})
            await send({"type": "http.response.body", "body": new})

        return altered

    return dress
