"""The small server itself, and running it where there is no event loop."""

import asyncio
import contextlib
import http.client
import json
import threading
from typing import Any
from urllib.parse import urlsplit

import pytest

from invoice_mcp.sandbox.moneybird.app import create_app
from invoice_mcp.sandbox.moneybird.seeds import ADMINISTRATION_ID, TOKEN, seeded_book
from invoice_mcp.sandbox.moneybird.switches import Switches
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running, running_in_thread
from tests.held_clock import HeldClock

from .conftest import NOW


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with what it was asked."""
    message = await receive()
    asked = {
        "method": scope["method"],
        "path": scope["path"],
        "raw_path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "client": scope["client"][0],
        "body": message["body"].decode(),
    }
    await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body", "body": json.dumps(asked).encode()})


async def exchange(proxy: FaultProxy, data: bytes) -> bytes:
    """Everything that comes back for some bytes on a connection of their own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(proxy.url).port)
    writer.write(data)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_requests_reach_the_application_as_they_were_sent() -> None:
    async with running(echo) as proxy:
        answer = await exchange(proxy, b"POST /a%2Fb/c?x=1&y=%20 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"connection: close" not in head, "how long a connection lives is not the application's business"
    assert json.loads(body) == {
        "method": "POST", "path": "/a/b/c", "raw_path": "/a%2Fb/c", "query": "x=1&y=%20", "client": "127.0.0.1",
        "body": "hello",
    }  # fmt: skip


async def test_a_body_may_come_in_chunks() -> None:
    request = b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n"
    async with running(echo) as proxy:
        answer = await exchange(proxy, request)
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["body"] == "hello world"


async def test_a_connection_serves_several_requests_until_it_is_told_to_close() -> None:
    get = b"GET /%d HTTP/1.1\r\nHost: h\r\n%s\r\n"
    async with running(echo) as proxy:
        answer = await exchange(proxy, get % (1, b"") + get % (2, b"Connection: close\r\n") + get % (3, b""))
        assert answer.count(b"HTTP/1.1 200 OK") == 2
        assert [request.path for request in proxy.received] == ["/1", "/2"]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"hello\r\n\r\n",
        b"GET / SPDY/3\r\n\r\n",
        b"GET /",
        b"",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nx: " + b"y" * 200_000 + b"\r\n\r\n",
    ],
)
async def test_nonsense_ends_the_connection_and_nothing_else(nonsense: bytes) -> None:
    async with running(echo) as proxy:
        with contextlib.suppress(ConnectionError):
            assert await exchange(proxy, nonsense) == b""
        assert (await exchange(proxy, b"GET / HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
        assert proxy.count("GET") == 1


async def test_after_stopping_nobody_listens() -> None:
    async with running(echo) as proxy:
        pass
    with pytest.raises(ConnectionRefusedError):
        await exchange(proxy, b"")


async def test_two_run_side_by_side() -> None:
    async with running(echo) as one, running(echo) as other:
        assert one.url != other.url


def test_a_script_without_an_event_loop_can_use_the_double() -> None:
    before = threading.active_count()
    app = create_app(seeded_book(NOW, 200), Switches(), HeldClock(NOW))
    with running_in_thread(app) as proxy:
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(proxy.url).port)
        connection.request(
            "GET", f"/api/v2/{ADMINISTRATION_ID}/sales_invoices.json", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        found = json.loads(connection.getresponse().read())
        connection.close()
    assert found[0]["administration_id"] == ADMINISTRATION_ID
    assert threading.active_count() == before
