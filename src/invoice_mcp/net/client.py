"""The HTTP client of one account: what a backend is given to talk to its vendor."""

import random
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from invoice_mcp.clock import Clock
from invoice_mcp.net.addresses import Resolve, resolve
from invoice_mcp.net.answers import Reply
from invoice_mcp.net.auth import Auth
from invoice_mcp.net.complaints import Complaints
from invoice_mcp.net.deadline import Deadline
from invoice_mcp.net.encode import Json, JsonText, encode_json
from invoice_mcp.net.limits import Budget, Limits
from invoice_mcp.net.origin import Ending, NextLink, Origin
from invoice_mcp.net.persistence import Jitter, Persistence
from invoice_mcp.net.transport import Exchange, Outgoing, Transport
from invoice_mcp.net.verdicts import Judge, judge_read, judge_write

Query = Sequence[tuple[str, str]]

_Carrier = Callable[[Outgoing, Deadline], Awaitable[Exchange]]


class ApiClient:
    """Requests below one origin, with one account's credentials, within one vendor's limits.

    `timeout_s` bounds one call, retries and waits included. `media_type` is what is sent and asked for. `read_posts`
    are the paths, segments joined by `/`, at which a POST only reads.

    Every method raises `Unauthorized`, `RateLimited`, `VendorUnavailable`, `VendorContract`, `DeadlineExceeded`,
    `PolicyRefused` (the host has a private address), `InvalidRequest` or `TooLarge` (an address that cannot be made;
    nothing is sent), and `Refusal` for a 4xx that the adapter has to interpret.
    """

    def __init__(
        self,
        origin: Origin,
        auth: Auth,
        limits: Limits,
        *,
        account: str,
        timeout_s: float,
        clock: Clock,
        media_type: str = "application/json",
        read_posts: Collection[str] = frozenset(),
        jitter: Jitter = random.randint,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._origin = origin
        self._auth = auth
        self._timeout_s = timeout_s
        self._clock = clock
        self._media_type = media_type
        self._read_posts = frozenset(read_posts)
        self._say = Complaints(account)
        self._persistence = Persistence(limits, clock, self._say, jitter)
        self._transport = Transport(origin, resolve=resolve, tls=tls)

    async def get(self, segments: Sequence[str], query: Query = (), *, ending: Ending = "") -> Reply:
        """Read. Sent up to three times within the deadline."""
        target = self._origin.target(segments, query, ending)
        return await self._call("GET", target, None, (), self._kept, judge_read)

    async def read_post(self, segments: Sequence[str], query: Query = (), *, json: Json | JsonText) -> Reply:
        """Read by a POST; as `get`.

        Raises:
            ValueError: the path is not one of `read_posts`.
        """
        if "/".join(segments) not in self._read_posts:
            raise ValueError("a POST that reads has to be declared")
        target = self._origin.target(segments, query)
        return await self._call("POST", target, json, (), self._kept, judge_read)

    async def send(
        self,
        method: str,
        segments: Sequence[str],
        *,
        query: Query = (),
        json: Json | JsonText = None,
        headers: Query = (),
        ending: Ending = "",
    ) -> Reply:
        """Write. Sent again only when it is certain that it had no effect. `json` None is no body.

        Raises:
            LostAnswer: it may have taken effect.
        """
        target = self._origin.target(segments, query, ending)
        return await self._call(method, target, json, headers, self._transport.over_fresh_connection, judge_write)

    def next_link(self, link: str, segments: Sequence[str]) -> NextLink:
        """The page link `link` from the reply to a request for `segments`, relative or absolute.

        Raises:
            VendorContract: it leads to another scheme, host, port or base path.
        """
        found = self._origin.follow(link, segments)
        if found is None:
            raise self._say.foreign_link()
        return found

    def budget(self) -> list[Budget]:
        """What this process has left of the vendor's limits now, per window."""
        return self._persistence.limits.budget()

    async def aclose(self) -> None:
        """Close all connections; idempotent."""
        await self._transport.aclose()
        await self._auth.aclose()

    async def _kept(self, outgoing: Outgoing, deadline: Deadline) -> Exchange:
        # Half the time for one attempt, so that a vendor which hangs once is asked a second time.
        return await self._transport.over_kept_connection(outgoing, deadline, silence_s=self._timeout_s / 2)

    async def _call(
        self, method: str, target: str, json: Json | JsonText, headers: Query, carrier: _Carrier, judge: Judge
    ) -> Reply:
        deadline = Deadline(self._timeout_s, self._clock)
        body = b"" if json is None else encode_json(json)
        credentials: Mapping[str, str] = {}

        async def exchange() -> Exchange:
            nonlocal credentials
            credentials = await self._auth.headers(deadline)
            sent = {"Accept": self._media_type, **({"Content-Type": self._media_type} if body else {}), **dict(headers)}
            return await carrier(Outgoing(method, target, {**sent, **credentials}, body), deadline)

        async def renew_credentials() -> bool:
            return await self._auth.renew(credentials, deadline)

        return await self._persistence.carry_through(exchange, judge, deadline, renew_credentials)
