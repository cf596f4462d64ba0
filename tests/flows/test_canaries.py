"""A canary in every slot a secret can stand in: it is sent where it belongs, and comes out nowhere else.

The vendor is the worst there is: it answers with everything it was sent, in bodies, headers and errors of every kind.
"""

import asyncio
import contextlib
import io
import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from invoice_mcp.cli import run
from invoice_mcp.sandbox.runner import running
from invoice_mcp.settings import load_settings
from invoice_mcp.settings.secret import Secret
from tests.cli.offices import environment
from tests.flows.conftest import CONFIGURATION, HeldClock, Office, Person

SLOTS = (
    "SMTP_PASSWORD",
    "HTTP_TOKEN",
    "CRM_SECRET",
    "BOOKS_TOKEN",
    "YSUITE_ACCESS",
    "YSUITE_SECRET",
    "SITE_TOKEN",
    "AGENCY_TOKEN",
)
CANARIES = {slot: f"canary-{slot.lower().replace('_', '-')}-5e1f" for slot in SLOTS}
MARK = "canary-"

ACCOUNTS = """
[mail]
smtp_url = "smtp://studio@127.0.0.1:{smtp}"
smtp_password = {{ env = "SMTP_PASSWORD" }}
from = "Studio <studio@example.com>"
[http]
token = {{ env = "HTTP_TOKEN" }}
[accounts.crm]
backend = "tribe"
mode = "full"
timeout_s = {timeout}
base_url = "{url}"
token_url = "{url}/token"
client_id = "abc"
client_secret = {{ env = "CRM_SECRET" }}
phases = {{ Draft = "draft", Sent = "open", Paid = "paid" }}
contact_email_field = "EmailAddress"
[accounts.books]
backend = "moneybird"
mode = "full"
timeout_s = {timeout}
base_url = "{url}/api/v2"
administration_id = "123"
token = {{ env = "BOOKS_TOKEN" }}
[accounts.ysuite]
backend = "ysuite"
mode = "full"
timeout_s = {timeout}
base_url = "{url}"
access_key = {{ env = "YSUITE_ACCESS" }}
secret_key = {{ env = "YSUITE_SECRET" }}
template_id = 1
item_id = 12
currency = "EUR"
[accounts.site]
backend = "next"
mode = "full"
timeout_s = {timeout}
base_url = "{url}"
token = {{ env = "SITE_TOKEN" }}
currency = "SEK"
[accounts.agency]
backend = "productive"
mode = "full"
timeout_s = {timeout}
base_url = "{url}"
token = {{ env = "AGENCY_TOKEN" }}
organization_id = "823"
"""

SECRETS_OF = {
    "crm": ("CRM_SECRET",),
    "books": ("BOOKS_TOKEN",),
    "ysuite": ("YSUITE_ACCESS", "YSUITE_SECRET"),
    "site": ("SITE_TOKEN",),
    "agency": ("AGENCY_TOKEN",),
}


class Parrot:
    """A vendor that repeats whatever it is sent, under one status after the other."""

    statuses = (200, 401, 400, 422, 404, 500, 302, 201)

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        told = json.dumps(
            {
                "error": headers,
                "errors": [{"detail": str(headers)}],
                "access_token": headers.get("authorization", "none"),
                "path": scope["path"],
                "query": scope["query_string"].decode(),
                "sent": body.decode(errors="replace"),
            }
        ).encode()
        self.asked += 1
        status = self.statuses[self.asked % len(self.statuses)]
        secret = headers.get("authorization", "x").encode()
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"x-echo", secret),
                    (b"location", b"/" + secret[-8:]),
                ],
            }
        )
        await send({"type": "http.response.body", "body": told})


class MailServer:
    """Takes the password, keeps it, and turns the login down with the password in its words."""

    def __init__(self) -> None:
        self.passwords: list[str] = []

    def authenticate(self, server: SMTP, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        password = given.password.decode()
        self.passwords.append(password)
        return AuthResult(success=False, handled=False, message=f"535 not {password}")

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(self, loop=loop, authenticator=self.authenticate, auth_require_tls=False), "127.0.0.1", 0
        )
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await server.wait_closed()


@contextlib.contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """All loggers of the process at DEBUG, without the formatter that masks."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    handler.addFilter(lambda record: record.name != "mail.log")  # the mail server's own, in this same process
    root = logging.getLogger()
    before = root.level
    known = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    levels = [(logger, logger.level) for logger in known]
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for logger in known:
        logger.setLevel(logging.DEBUG)
    try:
        yield told
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        for logger, level in levels:
            logger.setLevel(level)


LINE = {"item_name": "Design", "net_price": "5.00", "tax_rate": "21"}


def calls(account: str) -> list[tuple[str, dict[str, Any]]]:
    """Calls of all six tools, by which every request of an account is made."""
    ref = f"{account}:123456"
    return [
        ("search_invoices", {"accounts": [account]}),
        ("search_invoices", {"accounts": [account], "buyer": "Acme", "status": ["unpaid"]}),
        ("get_invoice", {"ref": ref}),
        ("get_invoice", {"account": account, "invoice_number": "2026-1"}),
        ("create_invoice", {"account": account, "buyer": {"id": "123456"}, "lines": [LINE]}),
        ("create_invoice", {"account": account, "buyer": {"name": "Acme"}, "lines": [LINE]}),
        ("register_payment", {"ref": ref}),
        ("send_reminder", {"refs": [ref]}),
        ("change_phase", {"ref": ref, "phase": "paused"}),
        ("change_phase", {"ref": ref, "phase": "cancelled", "expected_status": "open"}),
    ]


async def told_by_everything(office: Office) -> list[str]:
    """Every answer, and the trace of every crash."""
    told = []
    office.person = Person(will=True)
    for name, account in office.settings.accounts.items():
        if account.backend == "ledger":
            continue
        for tool, arguments in calls(name) * 2:
            try:
                told.append(json.dumps(await office.call(tool, **arguments)))
            except Exception as error:
                told.append("".join(traceback.format_exception(error)) + repr(vars(error)))
    draft = await office.draft()
    await office.confirm_buyers()
    told.append(json.dumps(await office.call("change_phase", ref=draft, phase="sent", deliver="email")))
    return told


def of_files(folder: Path) -> str:
    return "\n".join(
        path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file() and path.suffix != ".toml"
    )


def write_configuration(folder: Path, url: str, smtp: int, timeout: float = 20) -> Path:
    """The configuration, with all secrets named and none in it."""
    path = folder / "config.toml"
    parts = {"policy": "", "mode": "full", "account": "", "more": ACCOUNTS.format(url=url, smtp=smtp, timeout=timeout)}
    path.write_text(CONFIGURATION.format(**parts), encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, canary in CANARIES.items():
        monkeypatch.setenv(name, canary)


async def sing(folder: Path, clock: HeldClock) -> list[str]:
    """Everything that is told by all accounts and the mail, after checking that the secrets did leave for where they
    belong."""
    mail = MailServer()
    async with running(Parrot()) as proxy, mail.serving() as port:
        path = write_configuration(folder, proxy.url, port)
        text = path.read_text(encoding="utf-8")
        with everything_logged() as logged:
            logging.getLogger("invoice_mcp.net").debug("what is said at DEBUG is heard")
            office = Office.of(load_settings(path), folder, clock)
            try:
                told = await told_by_everything(office)
                told += [repr(office.settings), repr(vars(office.services))]
                sent = "\n".join(f"{each.headers} {each.body!r}" for each in proxy.received)
                for name, slots in SECRETS_OF.items():
                    if office.services.accounts.get(name).capabilities is not None:
                        assert all(CANARIES[slot] in sent for slot in slots), name
                assert set(mail.passwords) == {CANARIES["SMTP_PASSWORD"]}
            finally:
                await office.services.close()
        told += [logged.getvalue(), of_files(folder), text]
        assert "is heard" in logged.getvalue()
    return told


async def test_no_secret_comes_out_of_anything(tmp_path: Path, clock: HeldClock, secrets: None) -> None:
    for told in await sing(tmp_path, clock):
        assert MARK not in told, told[max(0, told.index(MARK) - 300) : told.index(MARK) + 100]


@pytest.mark.parametrize("leak", ["a log line", "an error", "a repr"])
async def test_a_leak_would_be_heard(
    tmp_path: Path, clock: HeldClock, secrets: None, leak: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reveal = Secret.reveal

    def careless(secret: Secret) -> str:
        value = reveal(secret)
        if leak == "a log line":
            logging.getLogger("invoice_mcp.net").debug("sending %s", value)
        elif leak == "an error":
            raise RuntimeError(f"cannot send {value}")
        return value

    monkeypatch.setattr(Secret, "reveal", careless)
    if leak == "a repr":
        monkeypatch.setattr(Secret, "__repr__", reveal)
    try:
        told = await sing(tmp_path, clock)
    except AssertionError:  # where it crashed, it was not sent
        assert leak == "an error"
        return
    assert any(MARK in each for each in told)


def test_no_command_and_no_process_tells_a_secret(
    tmp_path: Path, secrets: None, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = "http://127.0.0.1:9"
    path = write_configuration(tmp_path, closed, 9, timeout=0.2)
    commands = [
        ("accounts", "--json"),
        ("doctor", "--json"),
        ("doctor",),
        ("audit", "--json"),
        ("operations", "list", "--json"),
        ("buyers", "list"),
        ("call", "search_invoices"),
        ("call", "register_payment", "ref=books:123456"),
    ]
    for arguments in commands:
        run(["--config", str(path), *arguments])
    out, err = capsys.readouterr()
    messages = [
        {"id": 1, "method": "initialize", "params": HELLO},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "search_invoices", "arguments": {}}},
        {"id": 3, "method": "tools/call", "params": {"name": "get_invoice", "arguments": {"ref": "books:1"}}},
    ]
    lines = "".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages)
    server = subprocess.run(
        [sys.executable, "-X", "dev", "-m", "invoice_mcp", "--config", str(path)],
        env={**environment(), **os.environ, "PYTHONWARNINGS": "ignore"},
        input=lines,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert '"id":3' in server.stdout.replace(" ", "")
    for told in (out, err, server.stdout, server.stderr, of_files(tmp_path)):
        assert MARK not in told


HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "wire", "version": "1"}}
