"""Access tokens: handed out for an id and a secret in a form, and gone after a while."""

import datetime as dt
import hashlib
import hmac
from urllib.parse import parse_qsl

from invoice_mcp.sandbox.tribe.book import Book
from invoice_mcp.sandbox.tribe.refusals import Refusal
from invoice_mcp.sandbox.tribe.switches import Switches

SCOPES = frozenset({"read", "write", "offline"})

_FAILED = "Client authentication failed."
_EXPIRED = "The client secret has expired."


def hand_out(book: Book, switches: Switches, raw: bytes, now: dt.datetime) -> dict[str, object]:
    """The reply to a request for a token (RFC 6749, section 4.4).

    Raises:
        Refusal: not such a request, or not these credentials.
    """
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise _refused(400, "invalid_request", "The request is malformed.") from None
    form = dict(pairs)
    if len(form) != len(pairs) or form.get("grant_type") != "client_credentials":
        raise _refused(400, "unsupported_grant_type", "The authorization grant type is not supported.")
    secret = book.clients.get(form.get("client_id", ""), "")
    if not secret or not hmac.compare_digest(secret, form.get("client_secret", "")):
        raise _refused(401, "invalid_client", _FAILED)
    if form["client_id"] in book.expired:
        raise _refused(401, "invalid_client", _EXPIRED if switches.expired == "said" else _FAILED)
    if not set(form.get("scope", "").split()) <= SCOPES:
        raise _refused(400, "invalid_scope", "The requested scope is invalid.")
    book.handed_out += 1
    token = hashlib.sha256(f"{form['client_id']}:{book.handed_out}".encode()).hexdigest()
    book.tokens[token] = now + dt.timedelta(seconds=switches.token_life_s)
    return {
        "access_token": token,
        "expires_in": switches.token_life_s,
        "scope": form.get("scope", ""),
        "token_type": "bearer",
    }


def is_good(book: Book, authorization: str, now: dt.datetime) -> bool:
    """Whether a request with this header may come in."""
    scheme, _, token = authorization.partition(" ")
    return scheme == "Bearer" and token in book.tokens and now < book.tokens[token]


def _refused(status: int, code: str, description: str) -> Refusal:
    return Refusal(status, {"error": code, "error_description": description})
