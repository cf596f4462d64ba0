"""Where credentials come from, when they are renewed, and to whom they go."""

import asyncio
import datetime as dt
import random
import threading
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest

from invoice_mcp.errors import DeadlineExceeded, RateLimited, Unauthorized, VendorContract, VendorUnavailable
from invoice_mcp.net import ClientCredentials, LostAnswer, SecretHeader, StaticHeaders
from tests.net.conftest import ConnectTo, FakeSecret, HeldClock, bearer, origin, shortest
from tests.net.peer import Act, Peer, Wire, cut_off, hang, message, raw, reply


def token(value: object = "t1", **more: object) -> Act:
    return reply({"access_token": value, "token_type": "bearer", "expires_in": 3600, **more})


def accepting(*values: str) -> Act:
    """200 for these bearer tokens, 401 for all others."""

    async def act(wire: Wire) -> None:
        assert wire.request is not None
        accepted = wire.request.headers["authorization"] in {f"Bearer {value}" for value in values}
        await reply({}, 200 if accepted else 401)(wire)

    return act


@pytest.fixture
async def issuer() -> AsyncIterator[Peer]:
    async with Peer() as running:
        yield running


def credentials(issuer: Peer, clock: HeldClock, secret: FakeSecret | None = None) -> ClientCredentials:
    return ClientCredentials(
        origin(f"http://127.0.0.1:{issuer.port}/oauth2/token"),
        account="crm",
        client_id="our id",
        client_secret=secret or FakeSecret("s&=+e", "accounts.crm.client_secret"),
        scope="read write",
        clock=clock,
        jitter=shortest,
    )


class TestStatic:
    async def test_every_header_is_sent_and_every_secret_is_revealed_once(self, peer: Peer, connect: ConnectTo) -> None:
        token = FakeSecret("sesame")
        auth = StaticHeaders([SecretHeader("X-Auth-Token", token)], [("X-Organization-Id", "823")], account="agency")
        client = connect(peer.url, auth=auth)
        assert token.revealed == 0
        await client.get(["x"])
        await client.send("POST", ["x"])
        assert token.revealed == 1
        for request in peer.requests:
            assert (request.headers["x-auth-token"], request.headers["x-organization-id"]) == ("sesame", "823")

    @pytest.mark.parametrize("value", [None, "", "sés\u00e4me", "a\nb", "a\r\nX-Evil: 1", "a\x00", " padded", "a\x7f"])
    async def test_a_secret_that_cannot_be_sent_names_its_key_and_sends_nothing(
        self, value: str | None, peer: Peer, connect: ConnectTo
    ) -> None:
        client = connect(peer.url, auth=bearer(FakeSecret(value)))
        for call in (client.get(["x"]), client.send("POST", ["x"])):
            with pytest.raises(Unauthorized) as caught:
                await call
            assert "accounts.books.token" in caught.value.message
            assert caught.value.__cause__ is None
            assert caught.value.__context__ is None
            assert value is None or len(value) < 2 or value not in f"{caught.value!r} {caught.value.as_dict()}"
        assert peer.connections == 0

    async def test_a_secret_that_was_replaced_meanwhile_is_used_after_a_401(
        self, peer: Peer, connect: ConnectTo
    ) -> None:
        secret = FakeSecret("old")
        client = connect(peer.url, auth=bearer(secret))
        peer.otherwise = accepting("old")
        await client.get(["x"])
        secret.value, peer.otherwise = "new", accepting("new")
        await client.send("POST", ["x"])
        assert len(peer.requests) == 3

    async def test_a_second_401_is_final(self, peer: Peer, connect: ConnectTo) -> None:
        class Changing(FakeSecret):
            def reveal(self) -> str:
                return f"{super().reveal()}-{self.revealed}"

        peer.otherwise = reply({}, 401)
        with pytest.raises(Unauthorized, match="books"):
            await connect(peer.url, auth=bearer(Changing("x"))).send("POST", ["x"])
        assert len(peer.requests) == 2

    async def test_a_keyring_that_asks_and_gets_no_answer_is_not_waited_for(
        self, peer: Peer, connect: ConnectTo
    ) -> None:
        answered = threading.Event()

        class Asking(FakeSecret):
            def reveal(self) -> str:
                answered.wait(3)
                answered.set()
                return "late"

        with pytest.raises(DeadlineExceeded):
            await connect(peer.url, auth=bearer(Asking("x")), timeout_s=0.1).get(["x"])
        assert not answered.is_set()
        answered.set()
        assert peer.connections == 0


class TestClientCredentials:
    async def test_a_token_is_fetched_when_first_needed_and_kept(
        self, issuer: Peer, peer: Peer, connect: ConnectTo, clock: HeldClock
    ) -> None:
        issuer.otherwise = token("t1")
        client = connect(peer.url, auth=credentials(issuer, clock))
        assert issuer.connections == 0
        await client.get(["x"])
        await client.send("POST", ["x"])
        assert [request.headers["authorization"] for request in peer.requests] == ["Bearer t1"] * 2
        [fetch] = issuer.requests
        assert (fetch.method, fetch.target) == ("POST", "/oauth2/token")
        assert fetch.headers["content-type"] == "application/x-www-form-urlencoded"
        assert parse_qs(fetch.body.decode()) == {
            "grant_type": ["client_credentials"],
            "client_id": ["our id"],
            "client_secret": ["s&=+e"],
            "scope": ["read write"],
        }
        assert "authorization" not in fetch.headers

    @pytest.mark.parametrize(
        ("expires_in", "age_s", "fetches"),
        [(3600, 3539, 1), (3600, 3540, 2), (100, 49, 1), (100, 50, 2), (None, 10**6, 1), ("x", 10**6, 1), (0, 10, 1)],
    )
    async def test_it_is_renewed_a_minute_before_it_runs_out(
        self,
        expires_in: object,
        age_s: int,
        fetches: int,
        issuer: Peer,
        peer: Peer,
        connect: ConnectTo,
        clock: HeldClock,
    ) -> None:
        issuer.otherwise = token("t1", expires_in=expires_in)
        client = connect(peer.url, auth=credentials(issuer, clock))
        await client.get(["x"])
        clock.instant += dt.timedelta(seconds=age_s)
        await client.get(["x"])
        assert len(issuer.requests) == fetches

    async def test_twenty_calls_at_once_fetch_one_token(
        self, issuer: Peer, peer: Peer, connect: ConnectTo, clock: HeldClock
    ) -> None:
        issuer.otherwise = token("t1")
        client = connect(peer.url, auth=credentials(issuer, clock))
        await asyncio.gather(*(client.get(["x"]) for _ in range(20)))
        assert (len(issuer.requests), len(peer.requests)) == (1, 20)

    async def test_twenty_calls_that_are_refused_at_once_fetch_one_token(
        self, issuer: Peer, peer: Peer, connect: ConnectTo, clock: HeldClock
    ) -> None:
        issuer.play(token("t1"), token("t2"))
        client = connect(peer.url, auth=credentials(issuer, clock))
        await client.get(["x"])
        peer.requests.clear()
        peer.otherwise = accepting("t2")
        calls = [client.get(["x"]) if number % 2 else client.send("POST", ["x"]) for number in range(20)]
        assert [found.status for found in await asyncio.gather(*calls)] == [200] * 20
        assert len(issuer.requests) == 2
        assert len(peer.requests) <= 40

    async def test_a_new_token_that_is_refused_too_is_final(
        self, issuer: Peer, peer: Peer, connect: ConnectTo, clock: HeldClock
    ) -> None:
        issuer.play(token("t1"), token("t2"))
        peer.otherwise = reply({}, 401)
        with pytest.raises(Unauthorized):
            await connect(peer.url, auth=credentials(issuer, clock)).send("POST", ["x"])
        assert (len(issuer.requests), len(peer.requests)) == (2, 2)

    async def test_the_same_token_again_is_not_tried_again(
        self, issuer: Peer, peer: Peer, connect: ConnectTo, clock: HeldClock
    ) -> None:
        issuer.otherwise = token("t1")
        peer.otherwise = reply({}, 401)
        with pytest.raises(Unauthorized):
            await connect(peer.url, auth=credentials(issuer, clock)).get(["x"])
        assert (len(issuer.requests), len(peer.requests)) == (2, 1)

    @pytest.mark.parametrize(
        ("act", "error", "fetches"),
        [
            (reply({"error": "invalid_client"}, 400), Unauthorized, 1),
            (reply({"error": "invalid_client"}, 401), Unauthorized, 1),
            (reply({}, 403), Unauthorized, 1),
            (reply({}, 429, Retry_After="60"), RateLimited, 1),
            (reply({}, 500), VendorUnavailable, 1),
            (reply({}, 503), VendorUnavailable, 3),
            (cut_off(), VendorUnavailable, 3),
            (reply({}, 302, Location="http://127.0.0.1/"), VendorContract, 1),
            (reply({}), VendorContract, 1),
            (reply([]), VendorContract, 1),
            (reply(None), VendorContract, 1),
            (token(None), VendorContract, 1),
            (token(7), VendorContract, 1),
            (token(""), VendorContract, 1),
            (token("a\r\nX-Evil: 1"), VendorContract, 1),
            (token("é"), VendorContract, 1),
            (token("x" * 20_000), VendorContract, 1),
            (raw(message(200, b"<html>", {})), VendorContract, 1),
        ],
    )
    async def test_without_a_token_nothing_is_sent_and_a_write_is_not_lost(
        self,
        act: Act,
        error: type[Exception],
        fetches: int,
        issuer: Peer,
        peer: Peer,
        connect: ConnectTo,
        clock: HeldClock,
    ) -> None:
        issuer.otherwise = act
        with pytest.raises(error) as caught:
            await connect(peer.url, auth=credentials(issuer, clock)).send("POST", ["x"])
        assert caught.value.__context__ is None
        assert (len(issuer.requests), peer.connections) == (fetches, 0)

    async def test_a_missing_secret_names_its_key_and_sends_nothing(
        self, issuer: Peer, peer: Peer, connect: ConnectTo, clock: HeldClock
    ) -> None:
        auth = credentials(issuer, clock, FakeSecret(None, "accounts.crm.client_secret"))
        with pytest.raises(Unauthorized, match=r"accounts\.crm\.client_secret"):
            await connect(peer.url, auth=auth).get(["x"])
        assert (issuer.connections, peer.connections) == (0, 0)

    async def test_an_issuer_that_hangs_costs_every_waiting_call_its_own_time_and_no_more(
        self, issuer: Peer, peer: Peer, connect: ConnectTo, clock: HeldClock
    ) -> None:
        issuer.otherwise = hang()
        client = connect(peer.url, auth=credentials(issuer, clock), timeout_s=0.15)
        outcomes = await asyncio.gather(*(client.send("POST", ["x"]) for _ in range(5)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} <= {DeadlineExceeded, VendorUnavailable}
        assert peer.connections == 0

    async def test_a_fetch_whose_caller_went_away_is_taken_over(
        self, issuer: Peer, peer: Peer, connect: ConnectTo, clock: HeldClock
    ) -> None:
        issuer.play(hang())
        issuer.otherwise = token("t1")
        client = connect(peer.url, auth=credentials(issuer, clock))
        first = asyncio.create_task(client.get(["x"]))
        await issuer.arrived.wait()
        second = asyncio.create_task(client.get(["x"]))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).status == 200
        with pytest.raises(asyncio.CancelledError):
            await first


async def test_an_accounts_credentials_go_to_its_own_origin_only(connect: ConnectTo) -> None:
    chance = random.Random(7)
    async with Peer() as a, Peer() as b, Peer() as c, Peer() as d:
        peers = [a, b, c, d]
        clients = []
        for number, peer in enumerate(peers):
            others = [other.url for other in peers if other is not peer]
            peer.otherwise = reply({"next": f"{chance.choice(others)}/x"})
            clients.append(connect(peer.url, auth=bearer(FakeSecret(f"secret-{number}"))))

        async def one(number: int) -> None:
            client = clients[number]
            if chance.random() < 0.3:
                await client.send("POST", ["x"], json={"a": "1"})
                return
            found = await client.get(["x"])
            with pytest.raises(VendorContract):
                client.next_link(found.json["next"], ["x"])

        for _ in range(20):
            await asyncio.gather(*(one(chance.randrange(4)) for _ in range(10)))
        assert sum(len(peer.requests) for peer in peers) == 200
        for number, peer in enumerate(peers):
            assert {request.headers["authorization"] for request in peer.requests} == {f"Bearer secret-{number}"}


async def test_a_write_whose_renewed_attempt_is_lost_is_lost(
    issuer: Peer, peer: Peer, connect: ConnectTo, clock: HeldClock
) -> None:
    issuer.play(token("t1"), token("t2"))
    peer.play(reply({}, 401), cut_off())
    with pytest.raises(LostAnswer):
        await connect(peer.url, auth=credentials(issuer, clock)).send("POST", ["x"])
    assert len(peer.requests) == 2
