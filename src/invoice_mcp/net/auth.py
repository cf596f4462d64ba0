"""Credentials: fetched when first needed, put into headers, renewed when refused. Nothing here prints one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import anyio

from invoice_mcp.net.complaints import Complaints
from invoice_mcp.net.deadline import Deadline
from invoice_mcp.settings.where import ConfigError


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

    def __init__(self, secrets: Sequence[SecretHeader], plain: Sequence[tuple[str, str]] = (), *, account: str) -> None:
        self._secrets = tuple(secrets)
        self._plain = dict(plain)
        self._say = Complaints(account)
        self._headers: Mapping[str, str] | None = None

    async def headers(self, deadline: Deadline) -> Mapping[str, str]:
        if self._headers is None:
            self._headers = await self._revealed(deadline)
        return self._headers

    async def renew(self, refused: Mapping[str, str], deadline: Deadline) -> bool:
        self._headers = await self._revealed(deadline)
        return self._headers != refused

    async def aclose(self) -> None:
        """Nothing is open."""

    async def _revealed(self, deadline: Deadline) -> Mapping[str, str]:
        found = dict(self._plain)
        for header in self._secrets:
            found[header.name] = header.prefix + await reveal(header.secret, self._say, deadline)
        return found


async def reveal(secret: Revealable, say: Complaints, deadline: Deadline) -> str:
    """The value of `secret`, fit for a header. It is fetched on a thread: a keyring may ask the user first.

    Raises:
        Unauthorized: it is missing, or has characters that no header may have. Names the configuration key.
        DeadlineExceeded: it did not come in time.
    """
    value: str | None = None
    with anyio.move_on_after(deadline.left()) as in_time:
        try:
            value = await anyio.to_thread.run_sync(secret.reveal, abandon_on_cancel=True)
        except ConfigError:
            value = ""
    if in_time.cancelled_caught or value is None:
        raise say.late()
    if not value or not value.isascii() or not value.isprintable() or value != value.strip():
        raise say.secret_missing(secret.key)
    return value
