"""Readers of addresses: of vendors, of the mail server, of ourselves, and of people."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from invoice_mcp.settings.readers import matching, string
from invoice_mcp.settings.where import Where

_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_EMAIL: Final = r"[^@\s,;<>\"()\[\]\\:]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"

email = matching(_EMAIL, "an e-mail address as billing@example.com")
mailbox = matching(
    rf"(?:[^<>\"@,;:\\\x00-\x1f\x7f]{{1,100}} <{_EMAIL}>|{_EMAIL})",
    "an e-mail address as billing@example.com or Billing <billing@example.com>",
)
host = matching(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9A-Fa-f:]{2,45}", "a host name or an IP address")
allowed_host = matching(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:]{2,45}\])(?::(?:[0-9]{1,5}|\*))?",
    "a host as invoices.example.com or invoices.example.com:8443",
)
origin = matching(
    r"https?://(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:]{2,45}\])(?::[0-9]{1,5})?",
    "an origin as https://invoices.example.com, without a path",
)


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in, and as whom. `tls`: from the first byte, by STARTTLS, or (loopback only) none."""

    host: str
    port: int
    user: str | None
    tls: Literal["implicit", "starttls", "none"]


def is_loopback(name: str | None) -> bool:
    """Whether `name` is this machine: `localhost`, 127.0.0.0/8 or ::1, in their plain spellings only."""
    if name is None:
        return False
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def is_loopback_url(value: object) -> bool:
    """Whether `value` is a URL whose host is this machine."""
    try:
        return isinstance(value, str) and is_loopback(urlsplit(value).hostname)
    except ValueError:
        return False


def service_url(value: object, where: Where) -> str:
    """The address of a service, without a slash at its end: https, or http to this machine."""
    parts = _split(value, where)
    if parts.username is not None or parts.password is not None:
        raise where.error("expected no user name or password in the address")
    if parts.query or parts.fragment:
        raise where.error("expected an address without ? and #")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise where.error("expected an address that starts with https:// (http:// only for this machine)")
    return parts.geturl().rstrip("/")


def smtp_url(value: object, where: Where) -> SmtpServer:
    """A mail server: `smtp://user@host:587` (STARTTLS) or `smtps://user@host:465`; the password stands elsewhere."""
    parts = _split(value, where)
    if parts.password is not None:
        raise where.error("expected no password in the address; use smtp_password")
    if parts.scheme not in ("smtp", "smtps") or parts.path.strip("/") or parts.query or parts.fragment:
        raise where.error("expected smtp://user@host:587 or smtps://user@host:465")
    name = str(parts.hostname)
    user = None if parts.username is None else unquote(parts.username)
    if parts.scheme == "smtps":
        return SmtpServer(name, parts.port or 465, user, "implicit")
    return SmtpServer(name, parts.port or 587, user, "none" if is_loopback(name) else "starttls")


def _split(value: object, where: Where) -> SplitResult:
    """`value` as a URL with a scheme, a host and, if it has one, a real port."""
    written = string(value, where)
    try:
        parts = urlsplit(written)
        named = parts.hostname or ""
        _ = parts.port  # raises for what is no port
    except ValueError:
        raise where.error("not an address") from None
    plain = written.isascii() and not any(character.isspace() or character == "\\" for character in written)
    if not plain or not (re.fullmatch(_HOST, named) or ":" in named):
        raise where.error("expected an address with a host, as https://host.example")
    return parts
