"""The kinds of systems an account can be, as far as the configuration is concerned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from invoice_mcp.settings.model import Mode
from invoice_mcp.settings.options import (
    LedgerOptions,
    MoneybirdOptions,
    NextOptions,
    Options,
    ProductiveOptions,
    TribeOptions,
    YSuiteOptions,
)


@dataclass(frozen=True, slots=True)
class BackendKind:
    """One kind of system.

    `defaults` are its own defaults for keys that all accounts have, `required` those of them it cannot do without.
    `hosts` are the vendor's; `urls` are the keys that name an address. `creates_in` are the modes in which invoices
    can be created: draft_only is among them where the system has drafts.
    """

    options: type[Options]
    defaults: Mapping[str, Any]
    creates_in: tuple[Mode, ...]
    hosts: frozenset[str] = frozenset()
    urls: tuple[str, ...] = ("base_url",)
    required: tuple[str, ...] = ()


def _vendor(base_url: str) -> Mapping[str, Any]:
    return {"mode": "read_only", "new_buyers": False, "base_url": base_url}


BACKENDS: Final[Mapping[str, BackendKind]] = {
    "ledger": BackendKind(
        options=LedgerOptions,
        defaults={"mode": "full", "new_buyers": True, "currency": "EUR"},
        creates_in=("draft_only", "full"),
        urls=(),
    ),
    "tribe": BackendKind(
        options=TribeOptions,
        defaults=_vendor("https://api.tribecrm.nl"),
        creates_in=("draft_only", "full"),
        hosts=frozenset({"api.tribecrm.nl", "auth.tribecrm.nl", "api-staging.tribecrm.nl", "auth-staging.tribecrm.nl"}),
        urls=("base_url", "token_url"),
    ),
    "moneybird": BackendKind(
        options=MoneybirdOptions,
        defaults=_vendor("https://moneybird.com/api/v2"),
        creates_in=("draft_only", "full"),
        hosts=frozenset({"moneybird.com"}),
    ),
    "ysuite": BackendKind(
        options=YSuiteOptions,
        defaults=_vendor("https://api.ysuite.org"),
        creates_in=("full",),
        hosts=frozenset({"api.ysuite.org"}),
        required=("currency",),
    ),
    "next": BackendKind(
        options=NextOptions,
        defaults=_vendor("https://api.next-tech.com/v1"),
        creates_in=(),
        hosts=frozenset({"api.next-tech.com"}),
        required=("currency",),
    ),
    "productive": BackendKind(
        options=ProductiveOptions,
        defaults=_vendor("https://api.productive.io/api/v2"),
        creates_in=("draft_only", "full"),
        hosts=frozenset({"api.productive.io"}),
    ),
}
"""YSuite and Next print no currency on an invoice, so theirs has to be said."""
