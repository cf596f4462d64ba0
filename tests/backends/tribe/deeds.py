"""Every kind of write to Tribe CRM, and what each of its requests does to the tenant's entities."""

from dataclasses import replace
from typing import Any

from tests.backends.contract import LINE, Desk
from tests.backends.matrix import Deed, Preparation
from tests.backends.tribe.office import TribeDesk

_PATH = "/v1/odata"
_MADE = {"Activity_Invoice created": 1}
_CHANGED = {"Activity_Invoice updated": 1}
_LINE_MADE = {"ProductLine created": 1}
_KEPT = {"renewed": True, "path": _PATH}


def _price(number: int) -> str:
    return f"{100 + number}.00"


async def _nothing(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    return None, {"buyer": {"name": desk.office.buyer}, "lines": [{**LINE, "net_price": _price(number)}]}


async def _for_a_buyer_by_id(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    buyer_id = next(held.buyer_id for held in desk.office.held())
    return None, {"buyer": {"id": buyer_id}, "lines": [{**LINE, "net_price": _price(number)}]}


def _draft(**arguments: object) -> Preparation:
    async def prepare(desk: Desk, number: int) -> tuple[str, dict[str, Any]]:
        return await desk.draft(_price(number)), arguments

    return prepare


def _issued(**arguments: object) -> Preparation:
    async def prepare(desk: Desk, number: int) -> tuple[str, dict[str, Any]]:
        return await desk.issued(_price(number)), arguments

    return prepare


async def _edited(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    ref = f"{desk.office.account}:{await desk.draft(_price(number))}"
    return None, {"replaces": ref, "lines": [{**LINE, "item_name": "Less"}], "buyer_reference": "changed"}


async def _discarded(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
    # Nothing is left to compare with afterwards, so only its key tells that this very call was carried out.
    key = f"discard-{number:04d}"
    return await desk.draft(_price(number)), {"phase": "cancelled", "expected_status": "draft", "idempotency_key": key}


async def _overdue(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
    return await TribeDesk(desk.office).overdue(_price(number)), {}  # type: ignore[arg-type]


_SENT = {"phase": "sent", "deliver": "manual"}
_GIVEN_UP = {"phase": "uncollectible", "expected_status": "open"}
_CANCELLED = {"phase": "cancelled", "expected_status": "open"}

CREATE = Deed("create", "create_invoice", _nothing, ({**_MADE, **_LINE_MADE},), **_KEPT)
EDIT = Deed(
    "edit", "create_invoice", _edited, (_CHANGED, {"ProductLine deleted": 1}, {"ProductLine created": 1}), **_KEPT
)
DEEDS = (
    CREATE,
    EDIT,
    Deed("pay", "register_payment", _issued(), (_CHANGED,), **_KEPT),
    Deed("hand over", "change_phase", _draft(**_SENT), (_CHANGED,), **_KEPT),
    Deed("a label", "change_phase", _issued(phase="Reminder1"), (_CHANGED,), **_KEPT),
    Deed("give up", "change_phase", _issued(**_GIVEN_UP), (_CHANGED,), **_KEPT),
    Deed("cancel", "change_phase", _issued(**_CANCELLED), (_CHANGED,), **_KEPT),
    Deed("discard", "change_phase", _discarded, ({"Activity_Invoice deleted": 1},), **_KEPT),
)
LINE_BY_LINE = replace(CREATE, name="create line by line", effects=(_MADE, _LINE_MADE))
"""As create, in an account that sends each line by a request of its own."""

UNMARKED = replace(CREATE, name="create unmarked", proven=False, resent=False)
"""As create, in an account that marks nothing, or a tenant that keeps no mark."""

BY_ID = replace(CREATE, name="create by id", prepare=_for_a_buyer_by_id)
REMIND = Deed("remind", "send_reminder", _overdue, ())
"""No request of it is a write: the mail leaves from here."""
