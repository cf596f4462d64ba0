"""What follows from an exchange: one table for reads, one for writes.

They differ where a request left and no proper answer came. A read is sent again; a write is `LostAnswer`, because it
may have happened.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from invoice_mcp.errors import InvoiceError
from invoice_mcp.net.answers import LostAnswer, NotAccepted, Refusal, Reply
from invoice_mcp.net.body import Flaw
from invoice_mcp.net.complaints import Complaints
from invoice_mcp.net.decode import Oversized, Undecodable, decode_json
from invoice_mcp.net.expiry import challenge_says_expired
from invoice_mcp.net.retry_after import retry_after_s
from invoice_mcp.net.transport import Answer, Exchange, Failure

_NOT_NOW: Final = frozenset({408, 425, 429})
_PASSING: Final = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Done:
    """A 2xx that was read."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Again:
    """Worth sending again; `otherwise` is raised when there is no time or attempt left.

    `after_s` is how long the vendor asked to wait.
    """

    otherwise: InvoiceError
    after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Throttled(Again):
    """As `Again`, and the vendor means all requests of the account."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The credentials were not accepted; worth one more with new ones, else `otherwise` is raised."""

    otherwise: InvoiceError


@dataclass(frozen=True, slots=True)
class Over:
    """Final."""

    error: Exception


Verdict = Done | Again | Rejected | Over
Judge = Callable[[Exchange, Complaints, dt.datetime], Verdict]


def judge_read(exchange: Exchange, say: Complaints, now: dt.datetime) -> Verdict:
    """What follows for a request that may be sent again."""
    match exchange:
        case Failure.BROKEN_OFF:
            return Again(say.no_answer())
        case Failure.LATE_AFTER_SENDING:
            return Over(say.late())
        case Failure():
            return _nothing_left(exchange, say)
        case Answer(status) if 200 <= status < 300:
            return _read(exchange, say)
        case Answer(status) if status in _PASSING:
            after_s = retry_after_s(exchange.headers.get("retry-after"), now)
            return Again(say.out_of_order(after_s), after_s)
        case Answer(status) if 500 <= status < 600:
            return Over(say.out_of_order(None))
        case Answer(status) if 300 <= status < 500:
            return _turned_away(exchange, say, now)
        case _:
            return Over(say.unreadable())


def judge_write(exchange: Exchange, say: Complaints, now: dt.datetime) -> Verdict:
    """What follows for a request that may take effect once at most."""
    match exchange:
        case Failure.BROKEN_OFF | Failure.LATE_AFTER_SENDING:
            return Over(LostAnswer(exchange.value))
        case Failure():
            return _nothing_left(exchange, say)
        case Answer(status) if 200 <= status < 300:
            verdict = _read(exchange, say)
            return verdict if isinstance(verdict, Done) else Over(LostAnswer(f"status {status}, and no readable body"))
        case Answer(status) if 300 <= status < 500:
            return _turned_away(exchange, say, now)
        case Answer(status):
            return Over(LostAnswer(f"status {status}", _json_or_none(exchange.body)))


def _nothing_left(failure: Failure, say: Complaints) -> Verdict:
    match failure:
        case Failure.UNREACHABLE:
            return Again(say.unreachable())
        case Failure.FORBIDDEN_ADDRESS:
            return Over(say.private_address())
        case _:
            return Over(say.late())


def _turned_away(answer: Answer, say: Complaints, now: dt.datetime) -> Verdict:
    """3xx and 4xx: nothing was done, for a read and for a write."""
    if answer.status < 400:
        return Over(say.redirected())
    if answer.status == 401:
        expired = challenge_says_expired(answer.headers.get("www-authenticate", ""))
        return Rejected(NotAccepted(say.unauthorized(), _json_or_none(answer.body), expired=expired))
    if answer.status in _NOT_NOW:
        after_s = retry_after_s(answer.headers.get("retry-after"), now)
        return Throttled(say.rate_limited(after_s), after_s)
    return Over(Refusal(answer.status, _json_or_none(answer.body)))


def _read(answer: Answer, say: Complaints) -> Verdict:
    match answer.body:
        case Flaw.TOO_LARGE:
            return Over(say.too_large())
        case Flaw.UNREADABLE:
            return Over(say.unreadable())
        case Flaw.CUT_SHORT:
            return Again(say.no_answer())
        case Flaw.LATE:
            return Over(say.late())
        case b"":
            return Done(Reply(answer.status, answer.headers, None))
        case body:
            try:
                return Done(Reply(answer.status, answer.headers, decode_json(body)))
            except Oversized:
                return Over(say.too_large())
            except Undecodable:
                return Over(say.unreadable())


def _json_or_none(body: bytes | Flaw) -> object:
    """The body of a refusal as far as it can be read: the status alone is the refusal."""
    if isinstance(body, Flaw) or not body:
        return None
    try:
        return decode_json(body)
    except (Oversized, Undecodable):
        return None
