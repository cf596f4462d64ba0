"""The configuration as the program uses it: typed, complete, every default filled in."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from invoice_mcp.domain.tools import TOOLS
from invoice_mcp.settings import business, folders, network, readers, secret
from invoice_mcp.settings.network import SmtpServer
from invoice_mcp.settings.options import Options
from invoice_mcp.settings.secret import Secret

Mode = Literal["read_only", "draft_only", "full"]
Confirm = Literal["auto", "always", "human"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What is allowed and what is asked. `max_amount` None is no ceiling; else a currency not in it is refused."""

    confirm: Annotated[Confirm, readers.choice("auto", "always", "human")] = "auto"
    duplicate_window_hours: Annotated[int, readers.whole(1, 8760)] = 24
    writes_per_minute: Annotated[int, readers.whole(1, 600)] = 10
    min_reminder_days: Annotated[int, readers.whole(0, 365)] = 3
    max_amount: Annotated[Mapping[str, Decimal] | None, business.ceilings] = None


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How mail leaves. Without a server it stays in the outbox."""

    server: Annotated[SmtpServer | None, network.smtp_url, "smtp_url"] = None
    password: Annotated[Secret | None, secret.secret, "smtp_password"] = None
    sender: Annotated[str | None, network.mailbox, "from"] = None


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How `serve --http` listens. Port 0 is any free one."""

    host: Annotated[str, network.host] = "127.0.0.1"
    port: Annotated[int, readers.whole(0, 65535)] = 8321
    token: Annotated[Secret | None, secret.secret] = None
    allowed_hosts: Annotated[tuple[str, ...], readers.listed(network.allowed_host)] = ()
    allowed_origins: Annotated[tuple[str, ...], readers.listed(network.origin)] = ()


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """One account. `policy` is the account's own keys over those of `[policy]`; `tools` are the allowed ones.

    `currency` and `time_zone` None are the vendor's own where it has them, else `time_zone` is the system's.
    `base_url` is None for the ledger. `timeout_s` bounds one call to the vendor, retries included.
    """

    name: str
    backend: str
    policy: Policy
    options: Options
    mode: Annotated[Mode, readers.choice("read_only", "draft_only", "full")]
    new_buyers: Annotated[bool, readers.truth]
    label: Annotated[str | None, readers.text(60)] = None
    currency: Annotated[str | None, business.currency] = None
    time_zone: Annotated[dt.tzinfo | None, readers.time_zone] = None
    tools: Annotated[tuple[str, ...], business.tools] = TOOLS
    base_url: Annotated[str | None, network.service_url] = None
    allow_custom_host: Annotated[bool, readers.truth] = False
    timeout_s: Annotated[float, readers.seconds(0.1, 120)] = 20.0


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it. `today` None is the system's date."""

    accounts: Mapping[str, AccountSettings]
    policy: Policy = Policy()
    mail: MailSettings = MailSettings()
    http: HttpSettings = HttpSettings()
    default_account: Annotated[str | None, readers.text(32)] = None
    state_dir: Annotated[Path, readers.path] = field(default_factory=folders.state_folder)
    scan_pages: Annotated[int, readers.whole(1, 50)] = 5
    today: Annotated[dt.date | None, readers.day] = None
