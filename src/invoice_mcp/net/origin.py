"""Where an account's requests go: one checked base URL, and the only way to make an address below it."""

import ipaddress
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit

from invoice_mcp.errors import InvalidRequest, TooLarge
from invoice_mcp.settings import BACKENDS, AccountSettings
from invoice_mcp.settings.network import is_loopback
from invoice_mcp.settings.where import ConfigError

MAX_SEGMENT: Final = 200
MAX_TARGET: Final = 8000
MAX_LINK: Final = 8000

Ending = Literal["", "/"]
"""What a path ends with: some vendors want a slash after the name of a collection."""

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.ASCII)
_LOOKS_NUMERIC: Final = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)
_BASE: Final = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*", re.ASCII)
_LINK: Final = re.compile(r"[!-\[\]-~]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class NextLink:
    """A page link of a vendor, taken apart: hand it to `ApiClient.get` again."""

    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    ending: Ending


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host, port and base path of an account. `base` is escaped and has no slash at its end."""

    scheme: Literal["https", "http"]
    host: str
    port: int
    base: str

    @classmethod
    def parse(cls, base_url: str, *, key: str, vendor_hosts: Collection[str], allow_custom_host: bool) -> "Origin":
        """The origin that `base_url` names. `key` is the configuration key it stands under.

        Raises:
            ConfigError: not https (http to this machine excepted), not a host of the vendor's while custom ones are
                not allowed, or more in it than scheme, host, port and a plain path.
        """
        try:
            parts = urlsplit(base_url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise ConfigError(key, "not an address") from None
        if not _LINK.fullmatch(base_url) or "@" in parts.netloc or "?" in base_url or "#" in base_url:
            raise ConfigError(key, "expected scheme, host, port and path, and nothing else")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
            raise ConfigError(key, "expected an address that starts with https:// (http:// only for this machine)")
        base = parts.path.rstrip("/")
        if not _is_host(host) or port == 0 or not _BASE.fullmatch(base):
            raise ConfigError(key, "expected a plain host name or address, and a plain path")
        vendors = host in vendor_hosts and port in (None, 443)
        if not (vendors or is_loopback(host) or allow_custom_host):
            raise ConfigError(key, "not an address of the vendor; allow_custom_host = true accepts it")
        scheme: Literal["https", "http"] = "https" if parts.scheme == "https" else "http"
        return cls(scheme, host, port or _DEFAULT_PORTS[scheme], base)

    @property
    def on_this_machine(self) -> bool:
        """Whether the base URL itself names this machine."""
        return is_loopback(self.host)

    @property
    def authority(self) -> str:
        """Host and port, as the Host header has them."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"

    def target(self, segments: Sequence[str], query: Sequence[tuple[str, str]] = (), ending: Ending = "") -> str:
        """Path and query of the address that `segments` lead to below the base path, escaped.

        Each segment is escaped for itself, a slash in it too. A blank in the query is %20, and `$` stays.

        Raises:
            InvalidRequest: a segment is empty, or leads elsewhere, or is no text of one line.
            TooLarge: longer than 8,000 characters.
        """
        path = "".join(f"/{_escaped(segment)}" for segment in segments)
        target = f"{self.base}{path}{ending}" or "/"
        if query:
            try:
                target += "?" + urlencode(query, quote_via=quote, safe="$")
            except UnicodeEncodeError:
                raise _unfit() from None
        if len(target) > MAX_TARGET:
            raise TooLarge("The filters make an address that is too long.", next="Search with fewer or shorter words.")
        return target

    def follow(self, link: str, segments: Sequence[str]) -> NextLink | None:
        """`link`, found in the answer to a request for `segments`; None when it leads out of this origin."""
        if len(link) > MAX_LINK or not _LINK.fullmatch(link) or "#" in link:
            return None
        here = f"{self.scheme}://{self.authority}"
        try:
            parts = urlsplit(urljoin(here + self.target(segments), link))
            found = (parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme))
            query = tuple(parse_qsl(parts.query, keep_blank_values=True, errors="strict", max_num_fields=100))
            names = [unquote(name, errors="strict") for name in parts.path.split("/")]
        except ValueError:
            return None
        base = self.base.split("/")
        if found != (self.scheme, self.host, self.port) or "@" in parts.netloc or names[: len(base)] != base:
            return None
        below = names[len(base) :]
        ending: Ending = "/" if len(below) > 1 and not below[-1] else ""
        if ending:
            below.pop()
        if not below or any("/" in name or not _is_segment(name) for name in below):
            return None
        return NextLink(tuple(below), query, ending)


def origin_of(account: AccountSettings) -> Origin:
    """Where the requests of an account go: its `base_url`, at a host of the vendor's unless others are allowed.

    Raises:
        ConfigError: `base_url` is not one to call.
    """
    assert account.base_url is not None
    return Origin.parse(
        account.base_url,
        key=f"accounts.{account.name}.base_url",
        vendor_hosts=BACKENDS[account.backend].hosts,
        allow_custom_host=account.allow_custom_host,
    )


def _is_host(host: str) -> bool:
    """A name, or an address in its one plain spelling: 0x7f.1, 0177.0.0.1 and 2130706433 are neither."""
    if ":" in host or _LOOKS_NUMERIC.fullmatch(host.rpartition(".")[2]):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return "%" not in host
    return len(host) <= 253 and _NAME.fullmatch(host) is not None


def _is_segment(segment: str) -> bool:
    """Text of one line that stays one step of a path, also where it is decoded twice or made canonical."""
    plain = unicodedata.normalize("NFKC", segment)
    return (
        len(segment) <= MAX_SEGMENT
        and segment.isprintable()
        and "%" not in plain
        and "\\" not in plain
        and all(piece.strip(". ") for piece in plain.split("/"))
    )


def _escaped(segment: str) -> str:
    if not _is_segment(segment):
        raise _unfit()
    return quote(segment, safe="$()")


def _unfit() -> InvalidRequest:
    return InvalidRequest(
        "An id or a number in the request cannot be one.",
        next="Give ids and invoice numbers as search_invoices shows them.",
    )
