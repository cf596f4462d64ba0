"""Which connections are used again, and what a vendor cannot make this client do."""

import asyncio
import subprocess
import sys

import pytest

from invoice_mcp.errors import VendorContract
from invoice_mcp.net import LostAnswer
from tests.net.conftest import ConnectTo
from tests.net.peer import Peer, cut_off, hang, message, raw, reply


async def test_reads_share_a_connection(peer: Peer, connect: ConnectTo) -> None:
    client = connect(peer.url)
    for _ in range(5):
        await client.get(["x"])
    assert [request.connection for request in peer.requests] == [1] * 5


async def test_every_write_has_a_connection_of_its_own(peer: Peer, connect: ConnectTo) -> None:
    client = connect(peer.url)
    for _ in range(3):
        await client.get(["x"])
        await client.send("POST", ["x"])
    await asyncio.gather(*(client.send("POST", ["x"]) for _ in range(15)))
    writes = [request for request in peer.requests if request.method == "POST"]
    reads = {request.connection for request in peer.requests if request.method == "GET"}
    assert len({request.connection for request in writes}) == len(writes) == 18
    assert len(reads) == 1
    assert not reads & {request.connection for request in writes}
    assert {request.headers["connection"] for request in writes} == {"close"}


async def test_a_connection_that_died_while_it_was_kept_costs_a_read_one_more_attempt(
    peer: Peer, connect: ConnectTo
) -> None:
    # It is closed only when the next request is there: the client could not have seen it.
    peer.play(reply({}), cut_off())
    client = connect(peer.url)
    await client.get(["x"])
    assert (await client.get(["x"])).status == 200
    assert [request.connection for request in peer.requests] == [1, 1, 2]


async def test_a_read_that_ends_early_leaves_its_connection_to_nobody(peer: Peer, connect: ConnectTo) -> None:
    peer.play(raw(message(200, b"x" * 10, {"Content-Encoding": "br"})))
    client = connect(peer.url)
    with pytest.raises(VendorContract):
        await client.get(["x"])
    assert (await client.get(["x"])).status == 200
    assert [request.connection for request in peer.requests] == [1, 2]


async def test_a_redirect_is_not_followed_to_anywhere(peer: Peer, connect: ConnectTo) -> None:
    async with Peer() as evil:
        for status in (301, 302, 303, 307, 308):
            peer.play(*(reply({}, status, Location=f"{evil.url}/x") for _ in range(2)))
            for call in (connect(peer.url).get(["x"]), connect(peer.url).send("POST", ["x"])):
                with pytest.raises(VendorContract):
                    await call
        assert evil.connections == 0
    assert len(peer.requests) == 10


async def test_cookies_are_not_kept(peer: Peer, connect: ConnectTo) -> None:
    peer.otherwise = reply({}, Set_Cookie="session=1; Path=/")
    client = connect(peer.url)
    for _ in range(2):
        await client.get(["x"])
        await client.send("POST", ["x"])
    assert not any("cookie" in request.headers for request in peer.requests)


async def test_the_environment_redirects_nothing(
    peer: Peer, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Peer() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.lower(), proxy.url)
        await connect(peer.url).get(["x"])
        await connect(peer.url).send("POST", ["x"])
        assert proxy.connections == 0
    assert len(peer.requests) == 2


async def test_closing_twice_is_closing_once_and_a_closed_client_can_go_on(peer: Peer, connect: ConnectTo) -> None:
    client = connect(peer.url)
    await client.get(["x"])
    await client.aclose()
    await client.aclose()
    assert (await client.get(["x"])).status == 200


async def test_a_cancelled_write_leaves_nothing_behind(peer: Peer, connect: ConnectTo) -> None:
    peer.play(hang())
    client = connect(peer.url)
    writing = asyncio.create_task(client.send("POST", ["x"]))
    await peer.arrived.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert (await client.send("POST", ["x"])).status == 200
    assert len(peer.requests) == 2


async def test_many_failures_do_not_use_the_connections_up(peer: Peer, connect: ConnectTo) -> None:
    client = connect(peer.url)
    for _ in range(12):
        peer.play(cut_off(message(201, b"{}", {"Content-Length": "100"})))
        with pytest.raises(LostAnswer):
            await client.send("POST", ["x"])
    assert (await client.send("POST", ["x"])).status == 200


def test_the_http_library_is_not_imported_before_the_first_call() -> None:
    program = "import sys, invoice_mcp.net; print(sorted({'httpx', 'httpcore', 'h11'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
