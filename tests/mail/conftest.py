"""Mail servers on loopback: a complete one, and one that goes wrong on cue."""

import asyncio
import base64
import contextlib
import io
import re
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any, Literal

import pytest
import trustme
import zxingcpp
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from PIL import Image

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class MailServer:
    """Where to hand mail in, as the configuration would say it."""

    host: str
    port: int
    user: str | None = None
    tls: Literal["implicit", "starttls", "none"] = "none"


@dataclass
class Mailbox:
    """What a complete server took, and how: a handler of aiosmtpd."""

    answers: dict[str, str] = field(default_factory=dict)
    messages: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    authenticated: list[bool] = field(default_factory=list)
    greetings: list[str | None] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        message = BytesParser(policy=policy.default).parsebytes(envelope.content)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.envelopes.append(envelope)
        self.encrypted.append(session.ssl is not None)
        self.authenticated.append(bool(session.authenticated))
        self.greetings.append(session.host_name)
        return "250 OK"


def authenticator(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (b"studio", PASSWORD.encode())
    return AuthResult(success=right, handled=False)


def text_of(message: EmailMessage) -> str:
    """The text of a message that was read, with plain line ends."""
    plain = message.get_body(("plain",))
    assert plain is not None
    return str(plain.get_content()).replace("\r\n", "\n")


def png_in(page: str) -> bytes:
    """The picture inside a page."""
    [content] = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    return base64.b64decode(content)


def scanned(png: bytes) -> str:
    """What a scanner reads in the one QR code of a picture."""
    [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("L"))
    return str(code.text)


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NO_BROWSER = "Documents were not looked at as pictures: install chromium (Debian: apt-get install chromium)."


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if BROWSER is None:
        terminalreporter.write_line(NO_BROWSER, yellow=True)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def certified(authority: trustme.CA) -> ssl.SSLContext:
    """A server's context with a certificate for this machine."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context that trusts that certificate."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


Serving = Callable[..., contextlib.AbstractAsyncContextManager[int]]


@pytest.fixture
def serving() -> Serving:
    """Run a complete mail server for a mailbox; gives its port. `tls` is from the first byte."""

    @contextlib.asynccontextmanager
    async def serve(mailbox: Mailbox, *, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
        loop = asyncio.get_running_loop()

        def connection() -> SMTP:
            return SMTP(mailbox, loop=loop, hostname="mail.example", **options)

        server = await loop.create_server(connection, "127.0.0.1", 0, ssl=tls)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await server.wait_closed()

    return serve


Moment = Literal["greeting", "EHLO", "MAIL", "RCPT", "DATA", "body", "QUIT"]
Fault = bytes | Literal["close", "hang", "drip"]


class FaultyServer:
    """A mail server that takes everything, and at one moment answers, or fails to, as it is told."""

    def __init__(self, moment: Moment, fault: Fault) -> None:
        self._moment = moment
        self._fault = fault
        self._over = asyncio.Event()
        self.reached = asyncio.Event()
        self._conversations: list[asyncio.Task[None]] = []
        self.connections = 0
        self.bodies: list[bytes] = []

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            self._over.set()
            server.close()
            await asyncio.gather(*self._conversations)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._conversations.append(task)
        await self._converse(reader, writer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            going_on = await self._answer(writer, "greeting", b"220 mail.example")
            while going_on:
                verb = (await reader.readuntil(b"\r\n"))[:4].upper()
                if verb == b"EHLO":
                    going_on = await self._answer(writer, "EHLO", b"250 mail.example")
                elif verb == b"MAIL":
                    going_on = await self._answer(writer, "MAIL", b"250 OK")
                elif verb == b"RCPT":
                    going_on = await self._answer(writer, "RCPT", b"250 OK")
                elif verb == b"DATA":
                    going_on = await self._answer(writer, "DATA", b"354 go on")
                    if going_on and self._moment != "DATA":
                        self.bodies.append(await reader.readuntil(b"\r\n.\r\n"))
                        going_on = await self._answer(writer, "body", b"250 OK")
                else:
                    await self._answer(writer, "QUIT", b"221 bye")
                    going_on = False
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer(self, writer: asyncio.StreamWriter, moment: Moment, usual: bytes) -> bool:
        fault = self._fault if moment == self._moment else usual
        if moment == self._moment:
            self.reached.set()
        if fault == "hang":
            await self._over.wait()
        elif fault == "drip":
            while not self._over.is_set():
                writer.write(b"2")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), 0.02)
        elif isinstance(fault, bytes):
            writer.write(fault + b"\r\n")
            await writer.drain()
            return True
        return False
