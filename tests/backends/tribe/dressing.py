"""What stands between an account and its double, and alters what is answered."""

import json
from collections.abc import Callable
from typing import Any


def changed(path: str, change: Callable[[Any], Any], *, writes: bool = False) -> Callable[[Any], Any]:
    """Puts `change` on every JSON reply to a request with `path` in it: to those that read, or to those that write."""

    def dress(app: Any) -> Any:
        async def altered(scope: Any, receive: Any, send: Any) -> None:
            reads = scope["method"] == "GET"
            if path not in scope["raw_path"].decode() or reads is writes:
                await app(scope, receive, send)
                return
            messages: list[Any] = []

            async def keep(message: Any) -> None:
                messages.append(message)

            await app(scope, receive, keep)
            body = b"".join(message.get("body", b"") for message in messages)
            new = json.dumps(change(json.loads(body))).encode() if body else b""
            start = messages[0]
            kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
            await send({**start, "headers": [*kept, (b"content-length", str(len(new)).encode())]})
            await send({"type": "http.response.body", "body": new})

        return altered

    return dress
