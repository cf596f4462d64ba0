"""Looking at everything that is configured, each thing for itself: nothing broken hides the rest, nothing is changed.

What is found is a JSON object per thing. Its `state` is `ok`, `new` (not there yet; made when first needed),
`no_adapter` (this version cannot talk to that system), `unsettled` (a person has to say what became of a write) or
`broken`; for the last two `problem` and `next` say why and what to do.
No secret is in it: of one that is needed, only whether it can be fetched.
"""

import os
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from invoice_mcp.backends.access import NotLetIn
from invoice_mcp.domain.tools import TOOLS
from invoice_mcp.errors import InvoiceError, StorageFailed
from invoice_mcp.mail.outcome import OUTBOX
from invoice_mcp.settings import ConfigError, LedgerOptions, MailSettings
from invoice_mcp.settings.needed import secrets_of

if TYPE_CHECKING:
    import datetime as dt

    from invoice_mcp.service.accounts import Account
    from invoice_mcp.service.app import Services

Finding = dict[str, Any]

_RESTORE: Final = "Stop what uses it, keep a copy of the file, and put back a backup."
_SETTLE: Final = "Look in the vendors' systems; see `invoice-mcp operations list --unsettled`, then operations settle."
MAX_COUNTED: Final = 1000
"""So many unsettled operations are counted at most."""

_LOOK_THERE: Final = "Check the account's settings, and the system itself."


async def examine(services: "Services") -> dict[str, Any]:
    """Everything: `accounts` (a list), `state_database`, `operations`, `mail`, `outbox`, and `ok`.

    `ok` is false when something is broken.
    """
    outbox_folder = services.settings.state_dir / OUTBOX
    accounts, state, operations, mail, outbox = await _together(
        lambda: _together(*(_looking_at(account, services) for account in services.accounts.all())),
        lambda: _checked({"file": str(services.state_file)}, lambda: _state(services)),
        lambda: _checked({}, lambda: _operations(services)),
        lambda: _checked({}, lambda: _mail(services.settings.mail)),
        lambda: _checked({"folder": str(outbox_folder)}, lambda: _outbox(outbox_folder)),
    )
    others = {"state_database": state, "operations": operations, "mail": mail, "outbox": outbox}
    ok = all(finding["state"] != "broken" for finding in (*accounts, *others.values()))
    return {"ok": ok, "accounts": accounts, **others}


def _looking_at(account: "Account", services: "Services") -> Callable[[], Awaitable[Finding]]:
    settings = account.settings
    known: Finding = {
        "name": account.name,
        "backend": settings.backend,
        "mode": settings.mode,
        "tools": [tool for tool in TOOLS if account.may(tool)],
    }
    if account.capabilities is not None:
        known["capabilities"] = {
            tool: {"level": support.level.value, **({"limits": support.reason} if support.reason else {})}
            for tool, support in account.capabilities.tools.items()
        }
    options = settings.options
    if isinstance(options, LedgerOptions):
        from invoice_mcp.backends.ledger.seller import missing_keys

        known["file"] = str(options.path)
        if account.may("change_phase") and (missing := missing_keys(options.seller)):
            known["missing_seller_keys"] = missing
    return lambda: _checked(known, lambda: _account(account, services))


async def _account(account: "Account", services: "Services") -> Finding:
    if account.capabilities is None:
        return {"state": "no_adapter"}
    options = account.settings.options
    if isinstance(options, LedgerOptions) and not _is_there(options.path):
        return {"state": "new"}
    try:
        probe = await account.backend().probe()
    except NotLetIn as error:
        last = await _last_let_in(account, services)
        if last is None or _replaced(account, last):
            raise
        raise error.since(last.date()) from None
    remedy = _RESTORE if isinstance(options, LedgerOptions) else _LOOK_THERE
    budget = [
        {"requests_left": each.left, "of": each.window.requests, "seconds": each.window.seconds}
        for each in probe.budget
    ]
    known = {"facts": dict(probe.facts), **({"budget": budget} if budget else {})}
    return {**_state_of(probe.ok, probe.detail, remedy), **known}


async def _last_let_in(account: "Account", services: "Services") -> "dt.datetime | None":
    """As far as is on record; a database that is not there is not made, and one that is broken is told elsewhere."""
    if not _is_there(services.state_file):
        return None
    try:
        return await services.admissions.last(account)
    except StorageFailed:
        return None


def _replaced(account: "Account", since: "dt.datetime") -> bool:
    """Whether a file with a secret of the account is newer than that, by whole seconds."""
    secrets = (getattr(account.settings.options, key) for key in secrets_of(account.settings.backend))
    return any(each.file and int(each.file.stat().st_mtime) > since.timestamp() for each in secrets)


async def _state(services: "Services") -> Finding:
    if not _is_there(services.state_file):
        return {"state": "new"}
    facts = await services.state.facts()
    return {**_state_of(facts.integrity == "ok", facts.integrity, _RESTORE), "facts": facts.told()}


async def _operations(services: "Services") -> Finding:
    if not _is_there(services.state_file):
        return {"state": "ok", "unknown": 0, "under_way": 0}
    states = Counter(operation.state for operation in await services.journal.unsettled(MAX_COUNTED))
    counts = {"unknown": states["unknown"], "under_way": states["under_way"]}
    if not counts["unknown"]:
        return {"state": "ok", **counts}
    problem = f"Of {counts['unknown']} writes nobody knows whether they took effect."
    return {"state": "unsettled", **counts, "problem": problem, "next": _SETTLE}


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)  # a link that leads nowhere is there, and is refused when it is opened


def _state_of(ok: bool, detail: str, remedy: str) -> Finding:
    return {"state": "ok"} if ok else {"state": "broken", "problem": detail, "next": remedy}


async def _mail(mail: MailSettings) -> Finding:
    server = mail.server
    if server is None:
        return {"state": "ok", "by": "outbox"}
    if server.user is not None:
        if mail.password is None:
            raise ConfigError("mail.smtp_password", "missing, though smtp_url names a user")
        mail.password.reveal()  # raises when it cannot be fetched
    how = {"implicit": "TLS", "starttls": "STARTTLS", "none": "not encrypted, this machine"}[server.tls]
    return {"state": "ok", "by": "smtp", "server": f"{server.host}:{server.port}", "security": how, "from": mail.sender}


async def _outbox(folder: Path) -> Finding:
    from invoice_mcp.mail.delivery import SENDING, list_outbox

    return {"state": "ok", "waiting": len(list_outbox(folder)), "unknown": len(list_outbox(folder / SENDING))}


async def _checked(known: Mapping[str, Any], look: Callable[[], Awaitable[Finding]]) -> Finding:
    """What was `known` before looking, and what was found; whatever goes wrong is a finding too."""
    try:
        return {**known, **await look()}
    except InvoiceError as error:
        problem, way_out = error.message, error.next
    except ConfigError as error:
        problem, way_out = str(error), "Set it, or change the configuration."
    except Exception as error:  # a defect in one place must not hide what is found in the others
        problem, way_out = f"Unexpected: {type(error).__name__}.", "This is a defect of invoice-mcp: please report it."
    return {**known, "state": "broken", "problem": problem, "next": way_out}


async def _together(*looks: Callable[[], Awaitable[Any]]) -> Sequence[Any]:
    """What each of `looks` found, in their order; they look at the same time."""
    import anyio

    found: list[Any] = [None] * len(looks)

    async def look_at(index: int) -> None:
        found[index] = await looks[index]()

    async with anyio.create_task_group() as group:
        for index in range(len(looks)):
            group.start_soon(look_at, index)
    return found
