"""The configured accounts: which can do what, and the connection to each, opened when it is first needed."""

import datetime as dt
from collections.abc import Iterable, MutableMapping
from typing import TYPE_CHECKING, cast

from invoice_mcp.backends import registry
from invoice_mcp.backends.base import Backend, Capabilities, Surroundings
from invoice_mcp.clock import Clock
from invoice_mcp.domain.invoice import Ref
from invoice_mcp.domain.status import Status, spelled
from invoice_mcp.domain.tools import WRITES
from invoice_mcp.errors import InvalidRequest, PolicyRefused, Unsupported
from invoice_mcp.settings import AccountSettings, ConfigError, Settings, TribeOptions, account_today
from invoice_mcp.writes.journal import Journal
from invoice_mcp.writes.journaled import Journaled

if TYPE_CHECKING:
    from invoice_mcp.net import Limits


class Account:
    """One configured account."""

    def __init__(self, settings: AccountSettings, around: Surroundings, journal: Journal) -> None:
        self.settings = settings
        self.capabilities: Capabilities | None = registry.capabilities(settings.backend)
        self._around = around
        self._journal = journal
        self._backend: Backend | None = None

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self.settings.name

    @property
    def identity(self) -> list[str]:
        """What tells it from another account of the same name, in another configuration. Holds no secret."""
        settings = self.settings
        return [settings.name, settings.backend, str(settings.base_url), repr(settings.options), *settings.tools]

    @property
    def keyset(self) -> bool:
        """Whether reading on costs nothing and keeps the place."""
        return self.capabilities is not None and self.capabilities.keyset

    def today(self) -> dt.date:
        """Its own date."""
        return self._around.today()

    def can(self, tool: str) -> bool:
        """Whether its system can do `tool` at all."""
        return self.capabilities is not None and self.capabilities.can(tool)

    def may(self, tool: str) -> bool:
        """Whether its system can do `tool` and its settings could ever let it."""
        if self.capabilities is None or tool not in self.settings.tools or not self.capabilities.can(tool):
            return False
        draft_tools = {"create_invoice", "change_phase"} if self.capabilities.drafts else set()
        allowed = {"full": WRITES, "draft_only": draft_tools, "read_only": set[str]()}[self.settings.mode]
        return tool not in WRITES or tool in allowed

    def meaning(self, label: str) -> Status | None:
        """The status that a phase of the tenant's own stands for, by the configuration; None for any other label."""
        options = self.settings.options
        if not isinstance(options, TribeOptions) or self.capabilities is None:
            return None
        if label in self.capabilities.phases and label not in options.phases:
            return None
        code = spelled(label, options.phases)
        return None if code is None else Status(options.phases[code])

    def backend(self) -> Backend:
        """The connection.

        Raises:
            Unsupported: there is no adapter for this kind of system.
            PolicyRefused: what is configured cannot be used.
        """
        if self.capabilities is None:
            raise Unsupported(
                f"Account {self.name} is on {self.settings.backend}, and this version has no adapter for it.",
                next="Use another account.",
            )
        if self._backend is None:
            try:
                self._backend = self._connected()
            except ConfigError as error:
                raise PolicyRefused(
                    f"The configuration of account {self.name} cannot be used: {error}.",
                    next="Ask the person who keeps the configuration to correct it.",
                ) from None
        return self._backend

    def _connected(self) -> Backend:
        connected = registry.connect(self.settings, self._around)
        if self.capabilities is not None and self.capabilities.own_journal:
            return cast("Backend", connected)
        return Journaled(self.name, connected, self._journal, self._around.clock)

    async def close(self) -> None:
        """Let go of the connection."""
        backend, self._backend = self._backend, None
        if backend is not None:
            await backend.close()


class Accounts:
    """All accounts of the configuration, by name, in its order."""

    def __init__(self, settings: Settings, clock: Clock, journal: Journal) -> None:
        self._default = settings.default_account
        limits: dict[str, Limits] = {}
        self._accounts = {
            name: Account(account, _around(settings, account, clock, journal, limits), journal)
            for name, account in settings.accounts.items()
        }

    def all(self) -> list[Account]:
        """Every account, in the order of the configuration."""
        return list(self._accounts.values())

    def that_may(self, tool: str) -> list[str]:
        """The names of the accounts that can do `tool`, as published."""
        return [account.name for account in self.all() if account.may(tool)]

    def get(self, name: str, field: str = "account") -> Account:
        """The account of this name.

        Raises:
            InvalidRequest: there is none; `field` is the argument that named it.
        """
        account = self._accounts.get(name)
        if account is None:
            raise InvalidRequest(
                "There is no such account.", next=f"Use one of: {', '.join(self._accounts)}.", field=field
            )
        return account

    def of(self, ref: Ref) -> Account:
        """The account that an invoice is in."""
        return self.get(ref.account, "ref")

    def to_create_in(self, named: str | None, refs: Iterable[Ref | None]) -> Account:
        """Where a new invoice goes: the account named, else that of the invoice it copies or edits, else the
        configured default, else the only one that can create.

        Raises:
            InvalidRequest: several could, or the arguments name two.
        """
        mentioned = {ref.account for ref in refs if ref is not None} | ({named} if named else set())
        if len(mentioned) > 1:
            raise InvalidRequest(
                "The arguments name more than one account.",
                next="An invoice is copied or edited within its own account; to move one, give buyer and lines.",
                field="account",
            )
        # Where no account may, the refusal should come from the one that could, and name what forbids it.
        able = self.that_may("create_invoice") or [each.name for each in self.all() if each.can("create_invoice")]
        choices = list(mentioned) or ([self._default] if self._default else able)
        if len(choices) != 1:
            raise InvalidRequest(
                "Several accounts can create invoices." if choices else "No account can create invoices.",
                next=f"Give account: one of {', '.join(choices)}."
                if choices
                else "Ask the person to configure an account.",
                field="account",
            )
        return self.get(choices[0])

    async def close(self) -> None:
        """Let go of all connections."""
        for account in self.all():
            await account.close()


def _around(
    settings: Settings,
    account: AccountSettings,
    clock: Clock,
    journal: Journal,
    limits: MutableMapping[str, "Limits"],
) -> Surroundings:
    return Surroundings(
        mail=settings.mail,
        state_dir=settings.state_dir,
        clock=clock,
        today=lambda: account_today(settings, account, clock),
        scan_pages=settings.scan_pages,
        reminded=lambda invoice_ids: journal.reminders(account.name, invoice_ids),
        limits=limits,
    )
