"""An application whose requests and replies are held against the vendor's own description, when it is at hand."""

from typing import Any

from tests.sandbox.vendor_file import vendor_file


def checked(app: Any) -> Any:
    """`app`, checked on its way in and out."""
    described = vendor_file()
    if described is None:
        return app

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        path = scope["raw_path"].decode().partition("?")[0]
        body = bytearray()
        answer: dict[str, Any] = {"body": bytearray()}

        async def heard() -> Any:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def said(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer["status"] = message["status"]
                answer["type"] = dict(message["headers"]).get(b"content-type", b"").decode()
            answer["body"].extend(message.get("body", b""))
            await send(message)

        await app(scope, heard, said)
        if answer["status"] < 400:
            described.check_request(scope["method"], path, bytes(body))
        described.check_reply(scope["method"], path, answer["status"], answer["type"], bytes(answer["body"]))

    return guarded
