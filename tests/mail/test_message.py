import datetime as dt
import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.errors import InvalidRequest
from invoice_mcp.mail.letters import Letter, reminder_letter
from invoice_mcp.mail.message import compose, is_address, new_message_id, sender_domain

from . import examples
from .conftest import png_in, scanned, text_of

HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Content-Language",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
}
LETTER = reminder_letter(examples.INVOICE, examples.SELLER, "friendly", "nl", examples.TODAY)
INVOICE = examples.sent(examples.INVOICE, examples.SELLER, "sv")


def composed(letter: Letter = LETTER, **changes: Any) -> EmailMessage:
    terms: dict[str, Any] = {
        "sender": "Billing <billing@example.com>",
        "recipient": "buyer@example.net",
        "message_id": "<0123abcd@example.com>",
        "date": dt.datetime(2026, 3, 15, 9, 30, tzinfo=dt.UTC),
        "reply_to": None,
    }
    return compose(letter, **terms | changes)


def parsed(message: EmailMessage) -> EmailMessage:
    read = message_from_bytes(message.as_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def test_a_message_reads_back_as_it_was_composed() -> None:
    read = parsed(composed(reply_to="Studio <hello@example.com>"))

    assert text_of(read) == LETTER.body
    assert {name: str(read[name]) for name in read} == {
        "From": "Billing <billing@example.com>",
        "To": "buyer@example.net",
        "Reply-To": "Studio <hello@example.com>",
        "Subject": "Betalingsherinnering: factuur 2026-0042 van Studio Noord",
        "Date": "Sun, 15 Mar 2026 09:30:00 +0000",
        "Message-ID": "<0123abcd@example.com>",
        "Content-Language": "nl",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
    }


def test_an_invoice_is_shown_as_text_and_as_a_page_and_enclosed_as_a_file() -> None:
    read = parsed(composed(INVOICE))
    [document] = INVOICE.enclosures

    assert read.get_content_type() == "multipart/mixed"
    assert read["Content-Language"] == "sv"
    assert text_of(read) == INVOICE.body
    page = read.get_body(("html",))
    assert page is not None
    shown = page.get_content()
    assert "data:" not in shown.partition("</head>")[2]
    assert "<p" in shown.partition("Här kommer vår faktura 2026-0042")[0].partition("<body>")[2]
    [enclosed] = read.iter_attachments()
    assert (enclosed.get_content_type(), enclosed.get_filename()) == ("text/html", "faktura-2026-0042.html")
    assert enclosed.get_content().replace("\r\n", "\n") == document.html


def test_the_payment_code_is_a_part_that_the_page_names() -> None:
    read = parsed(composed(INVOICE))
    related = next(part for part in read.walk() if part.get_content_type() == "multipart/related")
    page, image = related.iter_parts()  # type: ignore[attr-defined]

    assert f'src="cid:{image["Content-ID"].strip("<>")}"' in page.get_content()
    assert image.get_content_type() == "image/png"
    assert scanned(image.get_content()) == scanned(png_in(INVOICE.enclosures[0].html))


def test_a_page_without_a_payment_code_has_no_image() -> None:
    read = parsed(composed(examples.sent(examples.CREDIT_NOTE, examples.SELLER, "en")))

    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/html",
    ]


@pytest.mark.parametrize(
    "number", ["../../etc/passwd", 'a"; filename="b.exe', "2026/7\r\nX: y", "ÅÄÖ 7", "", "." * 300]
)
def test_a_number_makes_no_dangerous_file_name(number: str) -> None:
    letter = examples.sent(replace(examples.INVOICE, invoice_number=number), examples.SELLER, "en")
    [enclosed] = parsed(composed(letter)).iter_attachments()

    assert re.fullmatch(r"invoice[a-z0-9._-]{0,80}\.html", str(enclosed.get_filename()))


@pytest.mark.parametrize("body", ["é\n", "é" * 3000 + "\n", "plain\n", LETTER.body])
def test_a_message_is_seven_bit_with_short_lines_ended_as_smtp_wants(body: str) -> None:
    message = composed(Letter("Subject", body, "en"))
    data = message.as_bytes()

    assert data.isascii()
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert text_of(parsed(message)) == body


INJECTION = st.lists(
    st.one_of(
        st.sampled_from(["\r\nBcc: x@evil.example", "\n\nbody", "=?utf-8?q?=0D=0ABcc:_x=40evil.example?=", "=?", "?="]),
        st.sampled_from(["=?utf-8?b?DQpCY2M6IHhAZXZpbC5leGFtcGxl?=", "=0A", " ", "\u2028", "\x0b", "\x85", "\x00"]),
        st.sampled_from(["<", ">", ",", ";", ":", '"', "\\", "@", "(", ")", "[", "]", "é"]),
        st.text(max_size=20),
    ),
    max_size=8,
).map("".join)


@settings(deadline=None, derandomize=True)
@given(text=INJECTION)
def test_no_subject_adds_a_header_or_ends_the_headers(text: str) -> None:
    read = parsed(composed(Letter(f"Invoice {text} of", LETTER.body, "en")))

    assert set(read.keys()) == HEADERS
    assert text_of(read) == LETTER.body
    assert str(read["To"]) == "buyer@example.net"
    assert not re.search("[\r\n]", read["Subject"])


@settings(deadline=None, derandomize=True)
@given(text=INJECTION)
def test_no_display_name_adds_a_header_or_another_address(text: str) -> None:
    try:
        read = parsed(composed(sender=f"{text} <billing@example.com>"))
    except InvalidRequest:
        return
    assert set(read.keys()) == HEADERS
    assert [address.addr_spec for address in read["From"].addresses] == ["billing@example.com"]


@settings(deadline=None, derandomize=True)
@given(text=st.one_of(INJECTION, INJECTION.map(lambda text: f"{text}@evil.example")))
def test_whatever_counts_as_an_address_is_exactly_one_address(text: str) -> None:
    if not is_address(text):
        with pytest.raises(InvalidRequest):
            composed(recipient=text)
        return
    read = parsed(composed(recipient=text))
    assert set(read.keys()) == HEADERS
    assert [address.addr_spec for address in read["To"].addresses] == [text]


@pytest.mark.parametrize(
    "text", ["a@example.com", "first.last+tag@sub.example.co", "o'brien@example.com", "x@localhost", "1@1.example"]
)
def test_ordinary_addresses_are_addresses(text: str) -> None:
    assert is_address(text)
    assert str(parsed(composed(recipient=text))["To"]) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@example.com",
        "a@",
        "a@b@example.com",
        "a b@example.com",
        "Name <a@example.com>",
        "a@example.com, b@example.com",
        "a@example.com;b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "a@example.com\n",
        "a..b@example.com",
        ".a@example.com",
        "a.@example.com",
        "a@example..com",
        "a@-example.com",
        "a@example.com.",
        "a@[127.0.0.1]",
        '"a"@example.com',
        "é@example.com",
        "a@exämple.com",
        "a\u202e@example.com",
        "=?utf-8?q?a=40evil.example?=@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 260,
    ],
)
def test_everything_else_is_no_address(text: str) -> None:
    assert not is_address(text)
    with pytest.raises(InvalidRequest):
        composed(recipient=text)


def test_a_refusal_does_not_repeat_the_address() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        composed(recipient="canary@example..com")
    assert "canary" not in str(refusal.value.as_dict())


@pytest.mark.parametrize(
    "sender", ["nobody", "Billing <>", "Billing billing@example.com", "A <a@b.example> <c@d.example>"]
)
def test_a_sender_that_is_no_address_is_refused(sender: str) -> None:
    with pytest.raises(InvalidRequest):
        composed(sender=sender)


@pytest.mark.parametrize("name", ["Bäckerei Söhne & Co. (Köln)", "Jansen B.V.", "D'Angelo - billing", "株式会社東京"])
def test_a_display_name_of_any_language_survives(name: str) -> None:
    assert parsed(composed(sender=f"{name} <billing@example.com>"))["From"].addresses[0].display_name == name


def test_a_message_id_is_ours_and_depends_on_nothing_but_the_randomness_given() -> None:
    first = new_message_id("example.com", bytes(range(16)))

    assert first == "<000102030405060708090a0b0c0d0e0f@example.com>"
    assert new_message_id("example.com", bytes(range(16))) == first
    assert new_message_id("example.com", bytes(range(1, 17))) != first


@pytest.mark.parametrize(
    ("domain", "entropy"),
    [("example.com", b"short"), ("", bytes(16)), ("exa mple", bytes(16)), ("a>\r\nX: y", bytes(16))],
)
def test_a_message_id_needs_a_domain_and_enough_randomness(domain: str, entropy: bytes) -> None:
    with pytest.raises(ValueError, match="message id"):
        new_message_id(domain, entropy)


@pytest.mark.parametrize("message_id", ["", "<a@b", "<a@b>\r\nBcc: x@evil.example", "<a b@c>", "<@c>"])
def test_a_message_id_that_is_not_ours_is_refused(message_id: str) -> None:
    with pytest.raises(ValueError, match="message id"):
        composed(message_id=message_id)


@pytest.mark.parametrize("sender", ["billing@mail.example.com", "Studio Noord <billing@mail.example.com>"])
def test_message_ids_are_unique_within_the_sender_s_domain(sender: str) -> None:
    assert sender_domain(sender) == "mail.example.com"


def test_the_same_message_id_gives_the_same_mail_to_the_byte() -> None:
    assert composed(INVOICE).as_bytes() == composed(INVOICE).as_bytes()


def test_no_text_ends_a_part_of_the_mail() -> None:
    ends = "".join(f"\n--=_{number}_0123abcd{end}" for number in range(3) for end in ("", "--"))
    [enclosed] = INVOICE.enclosures
    letter = replace(INVOICE, body=f"{ends}\n", html=ends, enclosures=(replace(enclosed, html=ends),))
    read = parsed(composed(letter))

    assert [part.get_content_type() for part in read.walk()] == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/html"),
    ]
    assert all(ends in part.get_content().replace("\r\n", "\n") for part in read.walk() if not part.is_multipart())


def test_a_mail_has_its_own_addresses_whoever_was_written_to_before() -> None:
    people = [f"buyer{number}@example.net" for number in range(100)]
    mails = [composed(recipient=each, message_id=f"<{each}>") for each in [*people, *people[:5]]]

    assert [str(parsed(mail)["To"]) for mail in mails] == [*people, *people[:5]]
    assert [str(parsed(mail)["Message-ID"]) for mail in mails] == [f"<{each}>" for each in [*people, *people[:5]]]
