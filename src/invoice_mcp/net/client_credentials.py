"""Bearer tokens that are fetched with an id and a secret (RFC 6749, section 4.4)."""

import datetime as dt
import random
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import anyio

from invoice_mcp.clock import Clock
from invoice_mcp.net.addresses import Resolve, resolve
from invoice_mcp.net.answers import ClientNotAccepted, NotAccepted, Refusal
from invoice_mcp.net.auth import Revealable, reveal
from invoice_mcp.net.complaints import Complaints
from invoice_mcp.net.deadline import Deadline
from invoice_mcp.net.expiry import token_refusal_says_expired
from invoice_mcp.net.forms import form_request
from invoice_mcp.net.limits import Limits
from invoice_mcp.net.origin import Origin
from invoice_mcp.net.persistence import Jitter, Persistence
from invoice_mcp.net.transport import Exchange, Transport
from invoice_mcp.net.verdicts import judge_read

RENEW_BEFORE_S: Final = 60
MAX_TOKEN: Final = 16_384

_HEADER: Final = "Authorization"
_MAX_LIFE_S: Final = 10**9


@dataclass(frozen=True, slots=True)
class _Token:
    """`stale_at` None: it is used until it is refused."""

    header: str = field(repr=False)
    stale_at: dt.datetime | None


class ClientCredentials:
    """A token got at `token_endpoint`, id and secret in the form.

    However many calls need one, one is fetched; it is renewed a minute before it runs out, and after a 401.
    """

    def __init__(
        self,
        token_endpoint: Origin,
        *,
        account: str,
        client_id: str,
        client_secret: Revealable,
        scope: str,
        clock: Clock,
        jitter: Jitter = random.randint,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._target = token_endpoint.target(())
        self._transport = Transport(token_endpoint, resolve=resolve, tls=tls)
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope
        self._clock = clock
        self._say = Complaints(account)
        self._persistence = Persistence(Limits((), clock), clock, self._say, jitter)
        self._one_at_a_time = anyio.Lock()
        self._token: _Token | None = None

    async def headers(self, deadline: Deadline) -> Mapping[str, str]:
        token = self._token
        if token is None or (token.stale_at is not None and self._clock.now() >= token.stale_at):
            token = await self._another(token, deadline)
        return {_HEADER: token.header}

    async def renew(self, refused: Mapping[str, str], deadline: Deadline) -> bool:
        token = self._token
        if token is None or token.header == refused.get(_HEADER):
            token = await self._another(token, deadline)
        return token.header != refused.get(_HEADER)

    async def aclose(self) -> None:
        """Close the connections to the token endpoint; idempotent."""
        await self._transport.aclose()

    async def _another(self, than: _Token | None, deadline: Deadline) -> _Token:
        """A token other than `than`: the one that another call has fetched meanwhile, else a new one."""
        with anyio.move_on_after(deadline.left()):
            async with self._one_at_a_time:
                if self._token is than:
                    self._token = await self._fetched(deadline)
                if self._token is not None:
                    return self._token
        raise self._say.late()

    async def _fetched(self, deadline: Deadline) -> _Token:
        secret = await reveal(self._client_secret, self._say, deadline)
        form = {"grant_type": "client_credentials", "client_id": self._client_id, "client_secret": secret}
        outgoing = form_request(self._target, {**form, "scope": self._scope})

        async def exchange() -> Exchange:
            return await self._transport.over_fresh_connection(outgoing, deadline)

        try:
            reply = await self._persistence.carry_through(exchange, judge_read, deadline, _no_others)
        except (Refusal, NotAccepted) as refused:
            lacks_scope, expired = _lacks_scope(refused.json), token_refusal_says_expired(refused.json)
        else:
            return self._read(reply.json)
        raise ClientNotAccepted(self._say.unauthorized(), lacks_scope=lacks_scope, expired=expired)

    def _read(self, reply: Any) -> _Token:
        match reply:
            case {"access_token": str(value)} if (
                value.isascii() and value.isprintable() and 0 < len(value) <= MAX_TOKEN
            ):
                return _Token(f"Bearer {value}", self._stale_at(reply.get("expires_in")))
            case _:
                raise self._say.unreadable()

    def _stale_at(self, expires_in: object) -> dt.datetime | None:
        """A minute before it runs out; half its life where that is shorter."""
        if not isinstance(expires_in, int) or isinstance(expires_in, bool) or not 0 < expires_in < _MAX_LIFE_S:
            return None
        return self._clock.now() + dt.timedelta(seconds=max(expires_in - RENEW_BEFORE_S, expires_in // 2))


def _lacks_scope(body: Any) -> bool:
    return isinstance(body, dict) and body.get("error") in ("invalid_scope", "unauthorized_client")


async def _no_others() -> bool:
    return False
