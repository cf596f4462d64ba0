"""Credentials: fetched when first needed, put into headers, renewed when refused. Nothing here prints one."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

import anyio

from invoice_mcp.clock import Clock
from invoice_mcp.net.answers import Refusal
from invoice_mcp.net.complaints import Complaints
from invoice_mcp.net.deadline import Deadline
from invoice_mcp.net.limits import Limits
from invoice_mcp.net.persistence import Jitter, Persistence
from invoice_mcp.net.transport import Outgoing, Transport
from invoice_mcp.net.verdicts import judge_read
from invoice_mcp.settings.where import ConfigError

REFRESH_BEFORE_S: Final = 60
MAX_TOKEN: Final = 16_384


class Revealable(Protocol):
    """A secret by the configuration key it stands under, as `settings.Secret` is one."""

    key: str

    def reveal(self) -> str:
        """Its value, fetched anew. Raises ConfigError when it is missing."""
        ...


class Auth(Protocol):
    """The credentials of one account."""

    async def headers(self, deadline: Deadline) -> Mapping[str, str]:
        """The headers to send.

        Raises:
            InvoiceError: they cannot be had.
        """
        ...

    async def renew(self, refused: Mapping[str, str], deadline: Deadline) -> bool:
        """Whether there are other headers than `refused`, which the vendor answered with a 401."""
        ...

    async def aclose(self) -> None:
        """Let go of connections; idempotent."""
        ...


@dataclass(frozen=True, slots=True)
class SecretHeader:
    """A header whose value is a secret, after `prefix` (`"Bearer "`)."""

    name: str
    secret: Revealable
    prefix: str = ""


class StaticHeaders:
    """The same headers with every request. A secret that was replaced meanwhile is noticed after a 401."""

    def __init__(self, account: str, secrets: Sequence[SecretHeader], plain: Mapping[str, str] | None = None) -> None:
        self._say = Complaints(account)
        self._secrets = tuple(secrets)
        self._plain = dict(plain or {})
        self._headers: Mapping[str, str] | None = None

    async def headers(self, deadline: Deadline) -> Mapping[str, str]:
        if self._headers is None:
            self._headers = await self._reveal_all(deadline)
        return self._headers

    async def renew(self, refused: Mapping[str, str], deadline: Deadline) -> bool:
        self._headers = await self._reveal_all(deadline)
        return self._headers != refused

    async def aclose(self) -> None:
        """Nothing is open."""

    async def _reveal_all(self, deadline: Deadline) -> Mapping[str, str]:
        found = dict(self._plain)
        for header in self._secrets:
            found[header.name] = header.prefix + await _reveal(header.secret, self._say, deadline)
        return found


class ClientCredentials:
    """A bearer token got with an id and a secret (RFC 6749, 4.4), both in the form and not as Basic.

    However many calls need a token, one is fetched; it is replaced a minute before it runs out, and after a 401.
    """

    def __init__(
        self,
        account: str,
        token_endpoint: Transport,
        target: str,
        *,
        client_id: str,
        client_secret: Revealable,
        clock: Clock,
        scope: str | None = None,
        jitter: Jitter = random.randint,
    ) -> None:
        self._say = Complaints(account)
        self._endpoint = token_endpoint
        self._target = target
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope
        self._clock = clock
        self._persistence = Persistence(Limits((), clock), clock, self._say, jitter)
        self._fetching = anyio.Lock()
        self._token: _Token | None = None
