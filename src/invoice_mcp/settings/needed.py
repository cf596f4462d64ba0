"""What a person has to say before an account on a system can be used."""

from typing import NamedTuple

from invoice_mcp.settings.catalogue import BACKENDS
from invoice_mcp.settings.secret import secret
from invoice_mcp.settings.tables import keys_of, required_keys


class Needed(NamedTuple):
    """A key of an account without a default. `secret`: it is never written into the configuration itself."""

    key: str
    secret: bool


def needed(backend: str) -> list[Needed]:
    """The keys that an account on `backend` cannot do without, those of the system itself first."""
    kind = BACKENDS[backend]
    readers = keys_of(kind.options)
    own = [Needed(key, readers[key] is secret) for key in required_keys(kind.options)]
    return own + [Needed(key, False) for key in kind.required]


def secrets_of(backend: str) -> frozenset[str]:
    """All keys of an account on `backend` that are secrets."""
    return frozenset(key for key, reader in keys_of(BACKENDS[backend].options).items() if reader is secret)
