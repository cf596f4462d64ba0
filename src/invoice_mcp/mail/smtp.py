"""Delivery by SMTP: one connection, one message, one deadline, and an honest word about what became of it."""

import asyncio
import datetime as dt
import re
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, Protocol

from invoice_mcp.mail.outcome import Channel, Delivery

if TYPE_CHECKING:
    import aiosmtplib

DEADLINE: Final = dt.timedelta(seconds=20)

# An address literal says nothing about this machine; the library would look up and tell its host name.
_GREETING_NAME: Final = "[127.0.0.1]"
_FAREWELL_S: Final = 1
_START_INPUT: Final = 354
_COMPLETED: Final = 250
_LEADING_DOT: Final = re.compile(rb"^\.", re.MULTILINE)


class Server(Protocol):
    """A mail server as configured. `tls`: from the first byte, by STARTTLS, or none asked for (loopback only)."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def user(self) -> str | None: ...
    @property
    def tls(self) -> Literal["implicit", "starttls", "none"]: ...


class _Stage(Enum):
    """How far a delivery got; the value says in words what did not work there."""

    SETUP = "the password of the mail server is not available"
    CONNECTION = "no connection to the mail server"
    ENCRYPTION = "no encrypted connection to the mail server"
    LOGIN = "the login was not accepted"
    SENDER = "the sender was not accepted"
    RECIPIENT = "the recipient was not accepted"
    CONTENT = "the message was not accepted"
    HANDED_OVER = "the message was handed over, but whether it was accepted is not known"
    ACCEPTED = "accepted by the mail server"


class _NoPassword(Exception):
    """The secret of the server's user could not be had."""


class _Progress:
    """The stage of one delivery, readable after it broke off."""

    def __init__(self) -> None:
        self.stage = _Stage.SETUP


class SmtpMailer:
    """Hands messages to a mail server. Certificates are always verified; no command and no message is repeated.

    Args:
        sender: the From of the mail.
        password: gives the secret of the server's user; asked at each delivery, before any connection is made, on a
            worker thread. Whatever it raises is a refusal.
        deadline: for one whole delivery.
        trust: a context whose authorities are trusted instead of the system's.
    """

    channel: Final[Channel] = "email"

    def __init__(
        self,
        server: Server,
        *,
        sender: str,
        password: Callable[[], str] | None,
        deadline: dt.timedelta = DEADLINE,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self.sender: Final = sender
        self._password = password
        self._deadline = deadline
        self._trust = trust

    async def deliver(self, message: EmailMessage) -> Delivery:
        """Try once to hand `message` to the server; `sent` only when the server said that it took it."""
        import aiosmtplib

        progress = _Progress()
        client = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            use_tls=self._server.tls == "implicit",
            start_tls=False,
            tls_context=self._trust,
            local_hostname=_GREETING_NAME,
            timeout=None,
        )
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                secret = await self._secret()
                await self._converse(client, secret, message, progress)
        except (_NoPassword, aiosmtplib.SMTPException, OSError, UnicodeError) as error:
            return _outcome(progress.stage, error)
        finally:
            client.close()
        return _outcome(progress.stage, None)

    async def _secret(self) -> str:
        if self._password is None or self._server.user is None:
            return ""
        try:
            return await asyncio.to_thread(self._password)
        except Exception:  # whatever keeps the secret: the environment, a file, a keyring
            raise _NoPassword from None

    def _must_encrypt(self, client: "aiosmtplib.SMTP") -> bool:
        """Also on loopback nothing secret is said in the clear to a server that offers better."""
        if self._server.tls == "none":
            return self._server.user is not None and client.supports_extension("starttls")
        return self._server.tls == "starttls"

    async def _converse(
        self, client: "aiosmtplib.SMTP", secret: str, message: EmailMessage, progress: _Progress
    ) -> None:
        progress.stage = _Stage.CONNECTION
        await client.connect()
        await client.ehlo()
        if self._must_encrypt(client):
            progress.stage = _Stage.ENCRYPTION
            await client.starttls()
        if self._server.user is not None:
            progress.stage = _Stage.LOGIN
            await client.login(self._server.user, secret)
        progress.stage = _Stage.SENDER
        await client.mail(_address(message, "From"))
        progress.stage = _Stage.RECIPIENT
        await client.rcpt(_address(message, "To"))
        progress.stage = _Stage.CONTENT
        await _hand_over(client, message.as_bytes(policy=SMTP), progress)
        await client.quit(timeout=_FAREWELL_S)


def _address(message: EmailMessage, header: str) -> str:
    return str(message[header].addresses[0].addr_spec)


async def _hand_over(client: "aiosmtplib.SMTP", content: bytes, progress: _Progress) -> None:
    """DATA, step by step: the library's own does not tell whether the text had left when the connection broke."""
    import aiosmtplib

    invitation = await client.execute_command(b"DATA")
    if invitation.code != _START_INPUT or client.protocol is None:
        raise aiosmtplib.SMTPDataError(invitation.code, "")
    client.protocol.write(_LEADING_DOT.sub(b"..", content).removesuffix(b"\r\n") + b"\r\n.\r\n")
    progress.stage = _Stage.HANDED_OVER
    answer = await client.protocol.read_response()
    if answer.code != _COMPLETED:
        raise aiosmtplib.SMTPDataError(answer.code, "")
    progress.stage = _Stage.ACCEPTED


def _outcome(stage: _Stage, error: Exception | None) -> Delivery:
    """What is certain after a delivery ended at `stage`; nothing of the server's words but a code is repeated."""
    if stage is _Stage.ACCEPTED:
        return Delivery("sent", SmtpMailer.channel, stage.value)
    code = _refusal_code(error)
    if stage is _Stage.HANDED_OVER and code is None:
        return Delivery("unknown", SmtpMailer.channel, stage.value)
    failed = _Stage.CONTENT if stage is _Stage.HANDED_OVER else stage
    return Delivery("refused", SmtpMailer.channel, _because(failed, code, error))


def _refusal_code(error: Exception | None) -> int | None:
    """The server's answer, when it was a clear no (RFC 5321: 4xx for now, 5xx for good)."""
    import aiosmtplib

    if isinstance(error, aiosmtplib.SMTPResponseException) and 400 <= error.code <= 599:
        return error.code
    return None


def _because(stage: _Stage, code: int | None, error: Exception | None) -> str:
    if code is not None:
        return f"temporary: {stage.value} ({code})" if code < 500 else f"{stage.value} ({code})"
    if isinstance(error, TimeoutError):
        return f"{stage.value}: no answer in time"
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in (error, getattr(error, "__cause__", None))):
        return f"{stage.value}: its certificate is not trusted"
    return stage.value
