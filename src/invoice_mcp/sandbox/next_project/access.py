"""Who may come in, and the one exchange of a one-time key for a token."""

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from invoice_mcp.sandbox.next_project.book import Book, Database, Effect
from invoice_mcp.sandbox.next_project.refusals import invalid, said
from invoice_mcp.sandbox.next_project.switches import Switches


def give_token(book: Book, form: Mapping[str, str], switches: Switches) -> dict[str, Any]:
    """A token for a one-time key, which is used up by it.

    Raises:
        Refusal: a field is missing, or the key is none of this database's, or not any more.
    """
    for name in ("grant_type", "username", "password"):
        if not form.get(name):
            raise invalid(("body", name), "field required", "value_error.missing")
    if form["grant_type"] != "password":
        raise invalid(("body", "grant_type"), "string does not match regex", "value_error.str.regex")
    database = book.databases.get(form["username"])
    if database is None or form["password"] not in database.keys:
        raise said(switches.used_key, "Incorrect username or password", switches)
    database.keys.discard(form["password"])
    book.tokens_given += 1
    token = _token(database, book.tokens_given)
    book.tokens[token] = (database.number, "invoices")
    database.journal.append(Effect("token_given", book.tokens_given))
    return {"access_token": token, "token_type": "bearer"}


def database_of(book: Book, authorization: str, switches: Switches) -> Database:
    """The database that a token opens.

    Raises:
        Refusal: none, or not for invoices, or not now.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme != "Bearer" or token not in book.tokens:
        raise said(401, "Not authenticated", switches)
    if token in book.revoked:
        raise said(switches.revoked, "access_denied", switches)
    number, right = book.tokens[token]
    if book.databases[number].closed:
        raise said(403, "access_denied", switches)
    if right != "invoices":
        raise said(403, "Access denied to module.", switches)
    return book.databases[number]


def form_of(body: bytes) -> dict[str, str]:
    """A form as its last values.

    Raises:
        Refusal: it is none.
    """
    try:
        return {name: values[-1] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
    except UnicodeDecodeError:
        raise invalid(("body",), "not a form", "value_error") from None


def _token(database: Database, count: int) -> str:
    digest = hashlib.sha256(f"{database.number}:{count}".encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
