"""Each of the 23 faults once, on real sockets: what the client sees, and how often the vendor acted."""

import asyncio
import json
import math
import resource
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from invoice_mcp.sandbox import faults
from invoice_mcp.sandbox.faults import FAULTS, Fault
from invoice_mcp.sandbox.http1 import Message
from invoice_mcp.sandbox.plans import Planned, on
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running


class Vendor:
    """An application that counts: every POST is an effect, a DELETE answers nothing, a GET shows an invoice."""

    def __init__(self) -> None:
        self.effects = 0
        self.acted = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        self.effects += scope["method"] == "POST"
        self.acted.set()
        status, body = (204, b"") if scope["method"] == "DELETE" else (201, b'{"id":"1","total":"121.0","next":"/2"}')
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        start: Message = {"type": "http.response.start", "status": status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})


def client_of_its_own(timeout: float = 10) -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=timeout, verify=False, trust_env=False)


@asynccontextmanager
async def failing(*plan: Fault | Planned) -> AsyncIterator[tuple[Vendor, FaultProxy, httpx.AsyncClient]]:
    vendor = Vendor()
    async with running(vendor, plan) as proxy, client_of_its_own() as client:
        yield vendor, proxy, client


async def post(client: httpx.AsyncClient, url: str) -> httpx.Response:
    return await client.post(f"{url}/payments", json={"price": "1"})


# What a POST meets: the exception, or the status of the reply; and how often the vendor acted.
OUTCOMES: dict[str, tuple[type[Exception] | tuple[type[Exception], ...] | int, int]] = {
    "refuse": (httpx.ConnectError, 0),
    "dns_fail": (httpx.ConnectError, 0),
    "tls_fail": (httpx.ConnectError, 0),
    "close_on_accept": ((httpx.ReadError, httpx.WriteError), 0),
    "reset_before_commit": (httpx.ReadError, 0),
    "commit_then_reset": (httpx.ReadError, 1),
    "commit_then_hang": (httpx.ReadTimeout, 1),
    "late_commit": (httpx.ReadTimeout, 0),
    "half_body": (httpx.RemoteProtocolError, 1),
    "garbage_status": (httpx.RemoteProtocolError, 1),
    "drip": (201, 1),
    "stale_keepalive": (201, 1),
    "429": (429, 0),
    "503": (503, 0),
    "500_after_commit": (500, 1),
    "401_midway": (401, 0),
    "html_200": (200, 0),
    "redirect_offsite": (307, 0),
    "gzip_bomb": (201, 1),
    "big_body": (201, 1),
    "deep_json": (201, 1),
    "nan_json": (201, 1),
    "next_link_offsite": (201, 1),
}


def test_there_are_23_faults_and_each_has_an_outcome() -> None:
    assert [fault.name for fault in FAULTS] == list(OUTCOMES)
    assert len(OUTCOMES) == 23


@pytest.mark.parametrize(
    "fault", [each for each in FAULTS if each.name not in {"drip", "gzip_bomb"}], ids=lambda each: each.name
)
async def test_a_fault_is_what_the_client_sees_and_the_vendor_acts_no_more_than_it_says(fault: Fault) -> None:
    outcome, effects = OUTCOMES[fault.name]
    planned = faults.late_commit(60) if fault.name == "late_commit" else fault
    patience = 0.3 if outcome is httpx.ReadTimeout else 10
    async with failing(planned) as (vendor, proxy, other), client_of_its_own(patience) as client:
        if isinstance(outcome, int):
            assert (await post(client, proxy.base_url(fault))).status_code == outcome
        else:
            with pytest.raises(outcome):
                await post(client, proxy.base_url(fault))
        assert vendor.effects == effects
        assert proxy.unused == []
        if fault.moment not in {"address", "listening"}:
            assert (await post(other, proxy.url)).status_code == 201, "the next request is served"


async def test_a_host_that_does_not_resolve_is_never_reached() -> None:
    async with failing() as (_, proxy, client):
        with pytest.raises(httpx.ConnectError):
            await post(client, proxy.base_url(faults.DNS_FAIL))
        assert (proxy.connections, proxy.received) == (0, [])


async def test_a_tls_handshake_reaches_the_port_and_no_further() -> None:
    async with failing() as (_, proxy, client):
        with pytest.raises(httpx.ConnectError):
            await post(client, proxy.base_url(faults.TLS_FAIL))
        assert (proxy.handshakes, proxy.received) == (1, [])


async def test_a_refusal_lasts_until_the_server_comes_back() -> None:
    async with failing(on(faults.REFUSE, after=1)) as (vendor, proxy, client):
        assert (await post(client, proxy.url)).status_code == 201
        assert (await post(client, proxy.url)).status_code == 201, "a connection that is open stays open"
        async with client_of_its_own() as other:
            for _ in range(2):
                with pytest.raises(httpx.ConnectError):
                    await post(other, proxy.url)
            await proxy.reopen()
            assert (await post(other, proxy.url)).status_code == 201
        assert vendor.effects == 3


async def test_a_late_commit_comes_after_the_client_has_given_up() -> None:
    asleep: list[float] = []
    wake = asyncio.Event()

    async def sleep(seconds: float) -> None:
        asleep.append(seconds)
        await wake.wait()

    vendor = Vendor()
    proxy = FaultProxy(vendor, [faults.late_commit(121)], sleep)
    await proxy.start()
    async with client_of_its_own(timeout=0.2) as client:
        with pytest.raises(httpx.ReadTimeout):
            await post(client, proxy.url)
    assert (vendor.effects, asleep) == (0, [121])
    wake.set()
    await proxy.settled()
    assert vendor.effects == 1
    await proxy.stop()


async def test_a_hanging_vendor_is_left_behind_when_the_proxy_stops() -> None:
    vendor = Vendor()
    async with running(vendor, [faults.COMMIT_THEN_HANG]) as proxy:
        _, writer = await asyncio.open_connection("127.0.0.1", int(proxy.url.rpartition(":")[2]))
        writer.write(b"POST /payments HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
        await vendor.acted.wait()
    writer.close()
    assert vendor.effects == 1


async def test_dripping_beats_a_timeout_per_read_and_not_one_over_all() -> None:
    async with failing(faults.drip(0.004), faults.drip(0.004)) as (vendor, proxy, client):
        reply = await post(client, proxy.url)
        assert reply.json()["total"] == "121.0"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(post(client, proxy.url), 0.1)
        assert vendor.effects == 2


async def test_a_connection_gone_stale_fails_at_its_next_request() -> None:
    async with failing(faults.STALE_KEEPALIVE) as (vendor, proxy, client):
        assert (await post(client, proxy.url)).status_code == 201
        with pytest.raises((httpx.ReadError, httpx.WriteError)):
            await post(client, proxy.url)
        assert vendor.effects == 1
        assert (await post(client, proxy.url)).status_code == 201
        assert proxy.connections == 2


async def test_a_gzip_bomb_is_a_mebibyte_that_unpacks_to_a_gibibyte() -> None:
    async with (
        failing(faults.GZIP_BOMB) as (vendor, proxy, client),
        client.stream("POST", f"{proxy.url}/payments") as reply,
    ):
        assert reply.headers["content-encoding"] == "gzip"
        unpacker, packed, unpacked, checked = zlib.decompressobj(zlib.MAX_WBITS | 16), 0, 0, 8 << 20
        async for part in reply.aiter_raw():
            packed += len(part)
            if unpacked < checked:
                unpacked += len(unpacker.decompress(part, checked))
    assert packed < 2 << 20
    assert unpacked >= checked
    assert vendor.effects == 1


async def test_the_whole_bomb_is_a_valid_gzip_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_BOMB_MIB", 2)
    monkeypatch.setattr(faults, "_BOMB_CRC32", zlib.crc32(b" " * (2 << 20)))
    async with failing(faults.GZIP_BOMB) as (_, proxy, client):
        reply = await client.get(f"{proxy.url}/payments")
    assert reply.content == b" " * (2 << 20)


async def test_making_a_bomb_costs_the_proxy_little_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with (
        failing(faults.GZIP_BOMB) as (_, proxy, client),
        client.stream("GET", f"{proxy.url}/payments") as reply,
    ):
        async for _ in reply.aiter_raw():
            pass
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 << 10


async def body(fault: Fault, method: str = "POST") -> httpx.Response:
    async with failing(fault) as (_, proxy, client):
        return await client.request(method, f"{proxy.url}/payments")


async def test_a_big_body_is_three_mebibytes_of_valid_json() -> None:
    reply = await body(faults.BIG_BODY)
    assert len(reply.content) > 3 << 20
    assert reply.json()["total"] == "121.0"


async def test_deep_json_is_a_hundred_thousand_levels() -> None:
    assert (await body(faults.DEEP_JSON)).content == b"[" * 100_000 + b"]" * 100_000


async def test_nan_stands_where_amounts_stood() -> None:
    answer = json.loads((await body(faults.NAN_JSON)).content)
    assert math.isnan(answer["total"])
    assert answer["id"] == "1"
    assert b"NaN" in (await body(faults.NAN_JSON, "DELETE")).content


async def test_links_lead_to_another_origin() -> None:
    reply = await body(faults.next_link_offsite("http://evil.invalid/2"))
    assert reply.headers["link"] == '<http://evil.invalid/2>; rel="next"'
    assert reply.json()["next"] == "http://evil.invalid/2"
    redirected = await body(faults.redirect_offsite("http://evil.invalid/login"))
    assert redirected.headers["location"] == "http://evil.invalid/login"


async def test_a_limit_says_when_to_come_back_in_whatever_words() -> None:
    for words in ("10", "1795308537", "Wed, 18 Nov 2026 09:31:00 GMT", "later"):
        assert (await body(faults.too_many_requests(words))).headers["retry-after"] == words


async def test_faults_wait_for_their_requests_and_others_pass() -> None:
    plan = (on(faults.UNAVAILABLE, "POST", path="/payments", after=1), on(faults.HTML_200, "GET", "DELETE"))
    async with failing(*plan) as (vendor, proxy, client):
        statuses = []
        for method, path in (
            ("GET", "payments"), ("POST", "notes"), ("POST", "payments"), ("POST", "payments"), ("POST", "payments"),
        ):  # fmt: skip
            statuses.append((await client.request(method, f"{proxy.url}/{path}")).status_code)
        assert statuses == [201, 201, 201, 503, 201]
        assert proxy.unused == ["html_200"]
        assert (await client.delete(f"{proxy.url}/payments/1")).status_code == 200
        assert proxy.unused == []
        assert (proxy.count("POST"), proxy.count("POST", "/payments"), proxy.count("PUT")) == (4, 3, 0)
        assert vendor.effects == 3


async def test_a_connection_fault_can_wait_for_a_request_too() -> None:
    async with failing(on(faults.CLOSE_ON_ACCEPT, "POST", after=1)) as (vendor, proxy, client):
        assert (await client.get(proxy.url)).status_code == 201
        assert (await post(client, proxy.url)).status_code == 201
        with pytest.raises((httpx.ReadError, httpx.WriteError)):
            await post(client, proxy.url)
        assert (vendor.effects, proxy.unused) == (1, [])


async def test_connections_can_be_let_through_before_one_is_closed() -> None:
    async with failing(on(faults.CLOSE_ON_ACCEPT, after=1)) as (_, proxy, _):
        for outcome in (201, None, 201):
            async with client_of_its_own() as client:
                if outcome is None:
                    with pytest.raises((httpx.ReadError, httpx.WriteError)):
                        await post(client, proxy.url)
                else:
                    assert (await post(client, proxy.url)).status_code == outcome


async def test_a_plan_can_be_made_anew_while_running() -> None:
    async with failing() as (_, proxy, client):
        assert (await post(client, proxy.url)).status_code == 201
        proxy.plan(faults.UNAVAILABLE, faults.UNAUTHORIZED_MIDWAY)
        assert proxy.unused == ["503", "401_midway"]
        assert [(await post(client, proxy.url)).status_code for _ in range(3)] == [503, 401, 201]


async def test_an_answer_without_a_body_stays_without_one() -> None:
    async with failing() as (_, proxy, client):
        reply = await client.delete(f"{proxy.url}/payments/1")
        assert (reply.status_code, reply.content) == (204, b"")
        assert "content-length" not in reply.headers
        assert (await client.delete(f"{proxy.url}/payments/1")).status_code == 204
        assert proxy.connections == 1
