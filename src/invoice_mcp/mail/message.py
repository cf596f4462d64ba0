"""The e-mail that carries a letter. What a header says comes from here and from checked addresses only.

Every message is marked `Auto-Submitted: auto-generated` (RFC 3834): a template wrote it and a program sends it, maybe
twenty at a time, so automatic replies must not answer it. A person who replies reaches the sender as ever.
"""

import base64
import datetime as dt
import functools
import re
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Any, Final

from invoice_mcp.domain.requests import Email
from invoice_mcp.errors import InvalidRequest
from invoice_mcp.mail.layout import one_line
from invoice_mcp.mail.letters import Letter

if TYPE_CHECKING:
    from pydantic import TypeAdapter

MIN_ENTROPY: Final = 16
"""Bytes of randomness that keep two messages from ever having the same id."""

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN: Final = rf"{_LABEL}(?:\.{_LABEL})*"
_MAILBOX: Final = re.compile(rf"(?!.*=\?){_ATOM}(?:\.{_ATOM})*@(?P<domain>{_DOMAIN})", re.ASCII)
_NAMED: Final = re.compile(r"(?P<name>[^<>\"@,;:\\]{1,100}) <(?P<address>[^<>]+)>")
_DATA_IMAGE: Final = re.compile(r'src="data:image/png;base64,(?P<content>[A-Za-z0-9+/=]+)"', re.ASCII)
_IMAGE_ID: Final = "payment-code@invoice-mcp.invalid"
_HEADERS_IN_MIND: Final = 64
_BOUNDARY_LENGTH: Final = 60
_MESSAGE_ID: Final = re.compile(rf"<[A-Za-z0-9._-]{{1,128}}@{_DOMAIN}>", re.ASCII)


class _Headers:
    """Headers as Python's e-mail library reads them, each as long as it is in use: most are the same in every mail.

    Read anew, they take two thirds of the time that a mail takes to make.
    """

    def __init__(self) -> None:
        registry = HeaderRegistry()
        self._kind = functools.lru_cache(_HEADERS_IN_MIND)(registry.__getitem__)
        self._read = functools.lru_cache(_HEADERS_IN_MIND)(registry.__call__)

    def __getitem__(self, name: str) -> Any:
        return self._kind(name)

    def __call__(self, name: str, value: str | dt.datetime) -> Any:
        return self._read(name, value)


_POLICY: Final = SMTP.clone(header_factory=_Headers())


def is_address(text: str) -> bool:
    """Whether mail can be sent to `text`: an address as requests take it, and one that every mail server takes.

    So no address outside ASCII (SMTPUTF8 is not everywhere), no empty part between dots, and nothing that a mail
    reader would decode into something else (RFC 2047).
    """
    return _MAILBOX.fullmatch(text) is not None and _as_requests_take_it(text)


def sender_domain(sender: str) -> str:
    """The domain of `sender`, which names the world our message ids are unique in.

    Args:
        sender: `billing@example.com`, or `Billing <billing@example.com>`.

    Raises:
        InvalidRequest: not of either form.
    """
    return _mailbox("sender", sender).domain


def new_message_id(domain: str, entropy: bytes) -> str:
    """A Message-ID of ours, `<…@domain>`: the mark by which a mail is recognised as already sent.

    Args:
        domain: the sender's, by `sender_domain`.
        entropy: at least `MIN_ENTROPY` random bytes; the same bytes give the same id.

    Raises:
        ValueError: too little entropy, or no domain.
    """
    if len(entropy) < MIN_ENTROPY:
        raise ValueError(f"a message id needs {MIN_ENTROPY} random bytes")
    message_id = f"<{entropy.hex()}@{domain}>"
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError("a message id needs a domain, as example.com")
    return message_id


def compose(
    letter: Letter, *, sender: str, recipient: str, message_id: str, date: dt.datetime, reply_to: str | None
) -> EmailMessage:
    """`letter` as an e-mail in UTF-8, 7-bit on the wire, so that no server on its way has to recode it.

    Args:
        sender: an address, with or without a display name.
        recipient: an address alone: the buyer's name is no part of any header.
        message_id: from `new_message_id`.
        date: timezone-aware.
        reply_to: where replies go when not to the sender; as `sender`.

    Raises:
        InvalidRequest: an address that is none.
        ValueError: a message id that is not ours.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError("the message id is not one of ours")
    if not is_address(recipient):
        raise _refused("recipient")
    message = EmailMessage(policy=_POLICY)
    message["From"] = str(_mailbox("sender", sender))
    message["To"] = recipient
    if reply_to is not None:
        message["Reply-To"] = str(_mailbox("reply address", reply_to))
    message["Subject"] = _plain(letter.subject)
    message["Date"] = date
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.body, charset="utf-8", cte="quoted-printable")
    if letter.html is not None:
        _add_page(message, letter.html)
    for enclosure in letter.enclosures:
        message.add_attachment(
            enclosure.html, subtype="html", charset="utf-8", cte="base64", filename=enclosure.file_name
        )
    message["Content-Language"] = letter.language  # after the content, which takes all Content- headers away
    _set_boundaries(message, message_id)
    return message


def _set_boundaries(message: EmailMessage, message_id: str) -> None:
    """Part the parts by what no text has in it: `=_` is in nothing encoded (RFC 2045, 6.7), the id in no other mail.

    Otherwise one is drawn by lot and searched for in all the text when the mail is written.
    """
    parted = (part for part in message.walk() if part.is_multipart())
    for number, part in enumerate(parted):
        part.set_boundary(f"=_{number}_{message_id[1:].partition('@')[0][:_BOUNDARY_LENGTH]}")


def _add_page(message: EmailMessage, html: str) -> None:
    """`html` beside the plain text. Mail programs drop `data:` images, so one becomes a part of its own.

    Text in our pages is escaped, so nothing a buyer wrote looks like an image.
    """
    image = _DATA_IMAGE.search(html)
    if image is None:
        message.add_alternative(html, subtype="html", charset="utf-8", cte="quoted-printable")
        return
    page = html.replace(image[0], f'src="cid:{_IMAGE_ID}"')
    message.add_alternative(page, subtype="html", charset="utf-8", cte="quoted-printable")
    *_, shown = message.iter_parts()
    assert isinstance(shown, EmailMessage)
    shown.add_related(base64.b64decode(image["content"]), "image", "png", cid=f"<{_IMAGE_ID}>", disposition="inline")


def _mailbox(role: str, text: str) -> Address:
    named = _NAMED.fullmatch(text)
    address = named["address"] if named else text
    if not is_address(address):
        raise _refused(role)
    return Address(display_name=_plain(named["name"]) if named else "", addr_spec=address)


def _plain(text: str) -> str:
    """`text` for a header: one line, and nothing in it that is decoded when the header is read (RFC 2047)."""
    return one_line(text).replace("=?", "= ?")


def _refused(role: str) -> InvalidRequest:
    return InvalidRequest(
        f"The {role} is not an e-mail address that mail can be sent with.",
        next="Correct the address where it is kept, as name@example.com.",
    )


def _as_requests_take_it(text: str) -> bool:
    try:
        _request_address().validate_python(text)
    except ValueError:
        return False
    return True


@functools.cache
def _request_address() -> "TypeAdapter[str]":
    from pydantic import TypeAdapter

    return TypeAdapter(Email)
