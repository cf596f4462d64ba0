import asyncio
import datetime as dt
import socket
import ssl
import threading
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme

from invoice_mcp.mail.letters import Letter, reminder_letter
from invoice_mcp.mail.message import compose
from invoice_mcp.mail.outcome import Delivery
from invoice_mcp.mail.smtp import SmtpMailer

from . import examples
from .conftest import PASSWORD, Fault, FaultyServer, Mailbox, MailServer, Moment, Serving, authenticator, text_of

SENDER = "Studio Noord <billing@studio.example>"
LETTER = reminder_letter(examples.PARTLY_PAID, examples.SELLER, "friendly", "nl", examples.TODAY)


def mail(letter: Letter = LETTER) -> EmailMessage:
    return compose(
        letter,
        sender=SENDER,
        recipient="administratie@bakkerij.example",
        message_id="<0123456789abcdef@studio.example>",
        date=dt.datetime(2026, 3, 15, 9, 30, tzinfo=dt.UTC),
        reply_to=None,
    )


async def deliver(server: MailServer, message: EmailMessage | None = None, **how: Any) -> Delivery:
    mailer = SmtpMailer(server, sender=SENDER, **{"password": None, "deadline": dt.timedelta(seconds=5)} | how)
    return await mailer.deliver(message or mail())


async def test_a_mail_arrives_word_for_word(serving: Serving) -> None:
    dotted = replace(examples.INVOICE, note=". starts with a dot\n..\n.", invoice_number=".7")
    letter = examples.sent(dotted, examples.SELLER, "nl")
    letter = replace(letter, body=f"{letter.body}.\n..\nend\n")
    mailbox = Mailbox()
    async with serving(mailbox) as port:
        delivery = await deliver(MailServer("127.0.0.1", port), mail(letter))

    assert delivery == Delivery("sent", "email", "accepted by the mail server")
    [message], [envelope] = mailbox.messages, mailbox.envelopes
    assert text_of(message) == letter.body
    assert message["Subject"] == letter.subject
    assert (envelope.mail_from, envelope.rcpt_tos) == ("billing@studio.example", ["administratie@bakkerij.example"])


async def test_the_figures_that_arrive_are_those_of_the_invoice(serving: Serving) -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as port:
        await deliver(MailServer("127.0.0.1", port))

    body = text_of(mailbox.messages[0])
    assert "Te betalen            €\N{NO-BREAK SPACE}1.268,22\n" in body
    assert "RF18539007547034" in body


async def test_the_server_is_not_told_the_name_of_this_machine(serving: Serving) -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as port:
        await deliver(MailServer("127.0.0.1", port))

    assert mailbox.greetings == ["[127.0.0.1]"]


@pytest.mark.parametrize("tls", ["starttls", "none"])
async def test_starttls_and_login_with_a_verified_certificate(
    serving: Serving, certified: ssl.SSLContext, trusting: ssl.SSLContext, tls: Any
) -> None:
    """Also on loopback, where encryption is not asked for, a login uses it when it is there."""
    mailbox = Mailbox()
    async with serving(mailbox, tls_context=certified, authenticator=authenticator, auth_required=True) as port:
        delivery = await deliver(
            MailServer("localhost", port, "studio", tls), password=lambda: PASSWORD, trust=trusting
        )

    assert delivery.outcome == "sent"
    assert (mailbox.encrypted, mailbox.authenticated) == ([True], [True])


async def test_implicit_tls_with_a_verified_certificate(
    serving: Serving, certified: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    letter = examples.sent(examples.INVOICE, examples.SELLER, "sv")
    mailbox = Mailbox()
    async with serving(mailbox, tls=certified, authenticator=authenticator, auth_require_tls=False) as port:
        delivery = await deliver(
            MailServer("127.0.0.1", port, "studio", "implicit"), mail(letter), password=lambda: PASSWORD, trust=trusting
        )

    assert delivery.outcome == "sent"
    assert mailbox.authenticated == [True]
    [enclosed] = mailbox.messages[0].iter_attachments()
    assert enclosed.get_content().replace("\r\n", "\n") == letter.enclosures[0].html


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_certificate_nobody_vouches_for_is_refused(
    serving: Serving, certified: ssl.SSLContext, tls: Any
) -> None:
    mailbox = Mailbox()
    how = {"tls": certified} if tls == "implicit" else {"tls_context": certified}
    async with serving(mailbox, **how) as port:
        delivery = await deliver(MailServer("127.0.0.1", port, tls=tls))

    assert delivery.outcome == "refused"
    assert delivery.detail.endswith("its certificate is not trusted")
    assert mailbox.messages == []


async def test_an_authority_of_one_s_own_is_trusted_by_environment(
    serving: Serving,
    certified: ssl.SSLContext,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    async with serving(Mailbox(), tls_context=certified) as port:
        delivery = await deliver(MailServer("127.0.0.1", port, tls="starttls"))

    assert delivery.outcome == "sent"


async def test_a_certificate_for_another_host_is_refused(
    serving: Serving, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    elsewhere = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("mail.example").configure_cert(elsewhere)
    mailbox = Mailbox()
    async with serving(mailbox, tls_context=elsewhere) as port:
        delivery = await deliver(MailServer("127.0.0.1", port, tls="starttls"), trust=trusting)

    assert delivery.outcome == "refused"
    assert delivery.detail.endswith("its certificate is not trusted")
    assert mailbox.messages == []


async def test_nothing_is_said_in_the_clear_where_encryption_is_required(serving: Serving) -> None:
    mailbox = Mailbox()
    async with serving(mailbox, authenticator=authenticator, auth_require_tls=False) as port:
        delivery = await deliver(MailServer("127.0.0.1", port, "studio", "starttls"), password=lambda: PASSWORD)

    assert delivery == Delivery("refused", "email", "no encrypted connection to the mail server")
    assert mailbox.messages == []


async def test_a_wrong_password_is_a_refusal_that_keeps_the_password_to_itself(
    serving: Serving, certified: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    mailbox = Mailbox()
    async with serving(mailbox, tls_context=certified, authenticator=authenticator, auth_required=True) as port:
        delivery = await deliver(
            MailServer("localhost", port, "studio", "starttls"), password=lambda: "canary", trust=trusting
        )

    assert delivery == Delivery("refused", "email", "the login was not accepted (535)")
    assert mailbox.messages == []


async def test_a_password_that_cannot_be_had_is_a_refusal_before_any_connection() -> None:
    def missing() -> str:
        raise LookupError("canary")

    server = FaultyServer("QUIT", b"221 bye")
    async with server.running() as port:
        delivery = await deliver(MailServer("127.0.0.1", port, "studio"), password=missing)

    assert delivery == Delivery("refused", "email", "the password of the mail server is not available")
    assert server.connections == 0


async def test_a_password_that_takes_too_long_ends_with_the_deadline() -> None:
    waiting, answered = threading.Event(), threading.Event()

    def slow() -> str:
        waiting.wait(10)
        answered.set()
        return PASSWORD

    delivery = await deliver(MailServer("127.0.0.1", 9, "studio"), password=slow, deadline=dt.timedelta(seconds=0.1))

    assert not answered.is_set()
    waiting.set()
    assert delivery.outcome == "refused"
    assert delivery.detail.endswith("no answer in time")


async def test_a_password_is_not_asked_for_when_the_server_wants_no_user(serving: Serving) -> None:
    asked = threading.Event()

    def password() -> str:
        asked.set()
        return PASSWORD

    mailbox = Mailbox()
    async with serving(mailbox) as port:
        delivery = await deliver(MailServer("127.0.0.1", port), password=password)

    assert delivery.outcome == "sent"
    assert not asked.is_set()


async def test_a_refused_recipient_is_a_refusal_without_the_server_s_words(serving: Serving) -> None:
    mailbox = Mailbox(answers={"RCPT": "550 5.1.1 canary: no such user"})
    async with serving(mailbox) as port:
        delivery = await deliver(MailServer("127.0.0.1", port))

    assert delivery == Delivery("refused", "email", "the recipient was not accepted (550)")
    assert mailbox.messages == []


async def test_greylisting_is_a_refusal_for_now(serving: Serving) -> None:
    mailbox = Mailbox(answers={"RCPT": "451 4.7.1 canary: come back later"})
    async with serving(mailbox) as port:
        delivery = await deliver(MailServer("127.0.0.1", port))

    assert delivery == Delivery("refused", "email", "temporary: the recipient was not accepted (451)")


async def test_a_server_that_is_not_there_is_a_refusal() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        delivery = await deliver(MailServer("127.0.0.1", bound.getsockname()[1]))

    assert delivery == Delivery("refused", "email", "no connection to the mail server")


async def test_a_host_name_that_cannot_be_one_is_a_refusal() -> None:
    assert (await deliver(MailServer("a" * 64 + ".example", 25))).outcome == "refused"


FAULTS: dict[str, Fault] = {
    "refused": b"554 5.7.1 canary",
    "temporarily": b"451 4.3.0 canary",
    "closing": b"421 4.3.2 canary",
    "garbage": b"canary",
    "close": "close",
    "hang": "hang",
    "drip": "drip",
}
BEFORE: tuple[Moment, ...] = ("greeting", "EHLO", "MAIL", "RCPT", "DATA")


async def meet(moment: Moment, fault: str) -> tuple[Delivery, FaultyServer]:
    server = FaultyServer(moment, FAULTS[fault])
    loop = asyncio.get_running_loop()
    async with server.running() as port:
        started = loop.time()
        delivery = await deliver(MailServer("127.0.0.1", port), deadline=dt.timedelta(seconds=0.2))
        assert loop.time() - started < 5
    assert server.connections == 1
    assert "canary" not in delivery.detail
    return delivery, server


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("moment", BEFORE)
async def test_whatever_goes_wrong_before_the_text_leaves_is_a_refusal(moment: Moment, fault: str) -> None:
    delivery, server = await meet(moment, fault)

    assert delivery.outcome == "refused"
    assert delivery.detail.startswith("temporary: ") == (fault in ("temporarily", "closing"))
    assert server.bodies == []


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("refused", "refused"),
        ("temporarily", "refused"),
        ("closing", "refused"),
        ("garbage", "unknown"),
        ("close", "unknown"),
        ("hang", "unknown"),
        ("drip", "unknown"),
    ],
)
async def test_after_the_text_left_only_a_clear_no_is_a_refusal(fault: str, outcome: str) -> None:
    delivery, server = await meet("body", fault)

    assert delivery.outcome == outcome
    assert len(server.bodies) == 1


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_the_server_took_is_sent_however_the_conversation_ends(fault: str) -> None:
    delivery, server = await meet("QUIT", fault)

    assert delivery.outcome == "sent"
    assert len(server.bodies) == 1


async def test_a_cancelled_delivery_lets_go_of_its_connection() -> None:
    server = FaultyServer("RCPT", "hang")
    async with server.running() as port:
        delivery = asyncio.create_task(deliver(MailServer("127.0.0.1", port)))
        await server.reached.wait()
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
