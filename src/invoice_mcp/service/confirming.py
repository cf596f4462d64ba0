"""Who has to agree to a write, and how they are asked: in the client, or by a token that a second call brings."""

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Final

from invoice_mcp.backends.base import Plan, Step, Write
from invoice_mcp.clock import Clock, rfc3339
from invoice_mcp.domain.identity import Identity
from invoice_mcp.domain.requests import ChangePhase, CreateInvoice, WriteRequest
from invoice_mcp.domain.results import render_invoice
from invoice_mcp.domain.status import Phase, Status
from invoice_mcp.errors import InvalidRequest
from invoice_mcp.service.accounts import Account
from invoice_mcp.service.policy import is_light
from invoice_mcp.storage import pending
from invoice_mcp.storage.engine import Database

LIFETIME: Final = dt.timedelta(minutes=10)
"""How long a token, and a question that was asked, stand."""

_GRAVE: Final = frozenset({Phase.UNCOLLECTIBLE, Phase.CANCELLED})
"""Phases that nobody reaches without a second look, even where nobody can be asked."""


_GIVEN_UP: Final = frozenset({Status.UNCOLLECTIBLE, Status.CANCELLED})


class Consent(Enum):
    """What a write needs before it is sent."""

    NONE = "none"
    ASK = "ask"
    TOKEN = "token"  # noqa: S105
    REFUSE = "refuse"


def needed(account: Account, write: Write, *, can_ask: bool) -> Consent:
    """What `write` needs, by the account's `confirm` and what the client can do."""
    request = write.request
    if isinstance(request, CreateInvoice):
        weighty = account.capabilities is not None and not account.capabilities.drafts
    else:
        weighty = not (isinstance(request, ChangePhase) and is_light(account, request.phase))
    if not weighty:
        return Consent.NONE
    if can_ask:
        return Consent.ASK
    grave = isinstance(request, ChangePhase) and _is_grave(account, request.phase)
    unasked = {"auto": Consent.TOKEN if grave else Consent.NONE, "always": Consent.TOKEN, "human": Consent.REFUSE}
    return unasked[account.settings.policy.confirm]


def _is_grave(account: Account, label: str) -> bool:
    """Whether a phase is final. A label of the tenant's own is, unless the configuration says what it means."""
    meaning = account.meaning(label)
    return label in _GRAVE or meaning in _GIVEN_UP or (meaning is None and label not in [*Phase])


def seen(plan: Plan) -> str:
    """A digest of what a person decides on: how the invoice stands, and what is about to be done with it."""
    facts = {
        "before": plan.before and render_invoice(plan.before),
        "requests": [[step.method, step.path] for step in plan.steps],
        "amount": plan.amount and str(plan.amount),
        "to": plan.recipient,
        "unconfirmed": plan.unconfirmed,
        "new_buyer": plan.new_buyer,
    }
    return _hash(json.dumps(facts, sort_keys=True, ensure_ascii=False))


@dataclass(frozen=True, slots=True)
class Kept:
    """One write as it was shown: its steps, and the digest of what it was decided on. Without steps, nothing to do."""

    steps: tuple[Step, ...]
    seen: str


class Pending:
    """Planned writes that wait for a word, shared by all processes of one state directory.

    A token proves that a second call was made with what the first one showed. It does not prove that a person saw
    it: a client that cannot ask may also answer for its user. What waits for a person's answer (`asked`) is not
    released by an argument, nor the other way round.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def keep(
        self, request: WriteRequest, accounts: Sequence[str], planned: Sequence[Kept], *, asked: bool
    ) -> str:
        """Keep the writes of a call until somebody agrees; the token they are fetched with."""
        token = secrets.token_urlsafe(12)
        now = self._clock.now()
        plans = json.dumps([asdict(kept) for kept in planned], ensure_ascii=False)
        row = (_hash(token), _binding(request, accounts, asked), plans, rfc3339(now), rfc3339(now + LIFETIME))
        await self._database.write(lambda connection: pending.keep(connection, *row))
        return token

    async def take(self, token: str, request: WriteRequest, accounts: Sequence[str], *, asked: bool) -> list[Kept]:
        """What was kept under `token`, once.

        Raises:
            InvalidRequest: used, too old, or of a call with other arguments.
        """
        row = (_hash(token), _binding(request, accounts, asked), rfc3339(self._clock.now()))
        plans = await self._database.write(lambda connection: pending.take(connection, *row))
        if plans is None:
            raise InvalidRequest(
                "This confirmation was used, is older than 10 minutes, or belongs to other arguments.",
                next="Call again with the same arguments and without confirmation to get a new one.",
                field="confirmation",
            )
        return [Kept(tuple(map(_step, each["steps"])), each["seen"]) for each in json.loads(plans)]


def _step(fields: dict[str, Any]) -> Step:
    return Step(**{**fields, "identity": Identity(**fields["identity"])})


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _binding(request: WriteRequest, accounts: Sequence[str], asked: bool) -> str:
    given = request.given(frozenset({"confirmation"}))
    return _hash(json.dumps([type(request).__name__, list(accounts), asked, given], sort_keys=True, ensure_ascii=False))
