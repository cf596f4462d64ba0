"""Forms, as token endpoints take them; and a form that is sent once, and never again whatever comes of it."""

import ssl
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from invoice_mcp.clock import Clock
from invoice_mcp.net.addresses import Resolve, resolve
from invoice_mcp.net.answers import Reply
from invoice_mcp.net.complaints import Complaints
from invoice_mcp.net.deadline import Deadline
from invoice_mcp.net.origin import Origin
from invoice_mcp.net.transport import Outgoing, Transport
from invoice_mcp.net.verdicts import Again, Done, Over, Rejected, judge_write

_HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


def form_request(target: str, fields: Mapping[str, str]) -> Outgoing:
    """A POST of `fields` to `target`."""
    return Outgoing("POST", target, _HEADERS, urlencode(fields).encode())


async def post_form_once(
    origin: Origin,
    segments: Sequence[str],
    fields: Mapping[str, str],
    *,
    account: str,
    timeout_s: float,
    clock: Clock,
    resolve: Resolve = resolve,
    tls: ssl.SSLContext | None = None,
) -> Reply:
    """The answer to a form. Not even what certainly had no effect is sent a second time.

    Raises:
        InvoiceError, Refusal: nothing was done.
        LostAnswer: it may have taken effect.
    """
    transport = Transport(origin, resolve=resolve, tls=tls)
    outgoing = form_request(origin.target(segments), fields)
    try:
        exchange = await transport.over_fresh_connection(outgoing, Deadline(timeout_s, clock))
    finally:
        await transport.aclose()
    match judge_write(exchange, Complaints(account), clock.now()):
        case Done(reply):
            return reply
        case Again(otherwise=error) | Rejected(otherwise=error) | Over(error=error):
            raise error
