"""A client whose other end, clock, luck and name service are the test's."""

import asyncio
import contextlib
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from invoice_mcp.net import ApiClient, Auth, Limits, Origin, SecretHeader, StaticHeaders, Window
from invoice_mcp.net.transport import _public_authorities
from invoice_mcp.settings.where import ConfigError
from tests.net.peer import Peer


class HeldClock:
    """A clock that moves only when it is waited by, and remembers how long it was."""

    def __init__(self) -> None:
        self.instant = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
        self.slept: list[int] = []

    def now(self) -> dt.datetime:
        return self.instant

    async def sleep(self, seconds: int) -> None:
        self.slept.append(seconds)
        self.instant += dt.timedelta(seconds=seconds)


class FakeSecret:
    """A secret of the configuration; `value` None is one that is missing."""

    def __init__(self, value: str | None, key: str = "accounts.books.token") -> None:
        self.key = key
        self.value = value
        self.revealed = 0

    def reveal(self) -> str:
        self.revealed += 1
        if self.value is None:
            raise ConfigError(self.key, "the environment variable TOKEN is not set")
        return self.value


class Names:
    """A name service that answers from a list, one entry per question, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if not answer:
            raise socket.gaierror("no such name")
        return answer


def shortest(low: int, high: int) -> int:
    """Luck that always picks the shortest wait."""
    return low


def origin(url: str) -> Origin:
    return Origin.parse(url, key="base_url", vendor_hosts=(), allow_custom_host=True)


def bearer(secret: FakeSecret) -> Auth:
    return StaticHeaders([SecretHeader("Authorization", secret, "Bearer ")], account="books")


ConnectTo = Callable[..., ApiClient]


@pytest.fixture(scope="session", autouse=True)
def _loaded() -> None:
    """The HTTP library loads its parts at the first call, and no deadline of a test is meant to pay for that."""

    async def first_call() -> None:
        async with Peer() as peer:
            clock = HeldClock()
            auth, limits = bearer(FakeSecret("sesame")), Limits((), clock)
            client = ApiClient(origin(peer.url), auth, limits, account="books", timeout_s=60, clock=clock)
            await client.get(["first"])
            await client.aclose()

    asyncio.run(first_call())
    _public_authorities()


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with Peer() as running:
        yield running


@pytest.fixture
async def connect(clock: HeldClock) -> AsyncIterator[ConnectTo]:
    """Makes clients, and closes them."""
    async with contextlib.AsyncExitStack() as opened:

        def make(
            url: str,
            *,
            auth: Auth | None = None,
            windows: Sequence[Window] = (),
            timeout_s: float = 5.0,
            tls: ssl.SSLContext | None = None,
            **more: Any,
        ) -> ApiClient:
            client = ApiClient(
                origin(url),
                auth or bearer(FakeSecret("sesame")),
                more.pop("limits", None) or Limits(windows, clock),
                account="books",
                timeout_s=timeout_s,
                clock=clock,
                jitter=more.pop("jitter", shortest),
                tls=tls,
                **more,
            )
            opened.push_async_callback(client.aclose)
            return client

        yield make
