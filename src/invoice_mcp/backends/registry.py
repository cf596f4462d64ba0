"""Every kind of system there is an adapter for: one line each."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from invoice_mcp.backends.base import Capabilities, Surroundings, VendorBackend
    from invoice_mcp.settings import AccountSettings


class Adapter(NamedTuple):
    """Where an adapter is found, as `module:name`. Importing waits until it is needed."""

    capabilities: str
    connect: str

    @property
    def package(self) -> str:
        """The package it is."""
        return self.capabilities.partition(":")[0].rpartition(".")[0]


_LEDGER = "invoice_mcp.backends.ledger"
_MONEYBIRD = "invoice_mcp.backends.moneybird"
_NEXT = "invoice_mcp.backends.next_project"
_PRODUCTIVE = "invoice_mcp.backends.productive"
_TRIBE = "invoice_mcp.backends.tribe"
_YSUITE = "invoice_mcp.backends.ysuite"
ADAPTERS: Final[Mapping[str, Adapter]] = {
    "ledger": Adapter(f"{_LEDGER}.capabilities:CAPABILITIES", f"{_LEDGER}.connect:connect"),
    "tribe": Adapter(f"{_TRIBE}.capabilities:CAPABILITIES", f"{_TRIBE}.connect:connect"),
    "moneybird": Adapter(f"{_MONEYBIRD}.capabilities:CAPABILITIES", f"{_MONEYBIRD}.connect:connect"),
    "ysuite": Adapter(f"{_YSUITE}.capabilities:CAPABILITIES", f"{_YSUITE}.connect:connect"),
    "next": Adapter(f"{_NEXT}.capabilities:CAPABILITIES", f"{_NEXT}.connect:connect"),
    "productive": Adapter(f"{_PRODUCTIVE}.capabilities:CAPABILITIES", f"{_PRODUCTIVE}.connect:connect"),
}


def capabilities(backend: str) -> "Capabilities | None":
    """What this kind of system can do; None when there is no adapter for it."""
    return _load(ADAPTERS[backend].capabilities) if backend in ADAPTERS else None


def connect(account: "AccountSettings", around: "Surroundings") -> "VendorBackend":
    """The adapter's connection for `account`; nothing is opened or asked yet."""
    build: Callable[[AccountSettings, Surroundings], VendorBackend] = _load(ADAPTERS[account.backend].connect)
    return build(account, around)


def _load(place: str) -> Any:
    module, name = place.split(":")
    return getattr(import_module(module), name)
