"""Every kind of write to Moneybird, and what each of its requests does to the books."""

from dataclasses import replace

from tests.backends.contract import LINE, Desk
from tests.backends.matrix import Deed

_ISSUED = {"invoice_sent": 1}
_CREDITED = {"invoice_created": 1, "credit_created": 1}


def _price(number: int) -> str:
    return f"{100 + number}.00"


async def _nothing(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    return None, {"buyer": {"name": desk.office.buyer}, "lines": [{**LINE, "net_price": _price(number)}]}


async def _for_a_buyer_by_id(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    buyer_id = next(held.buyer_id for held in desk.office.held())
    return None, {"buyer": {"id": buyer_id}, "lines": [{**LINE, "net_price": _price(number)}]}


def _draft(**arguments: object):
    async def prepare(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
        return await desk.draft(_price(number)), arguments

    return prepare


def _issued(**arguments: object):
    async def prepare(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
        return await desk.issued(_price(number)), arguments

    return prepare


def _overdue(**arguments: object):
    async def prepare(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
        return await desk.overdue(_price(number)), arguments

    return prepare


async def _three_overdue(desk: Desk, number: int) -> tuple[list[str], dict[str, object]]:
    refs = [await desk.issued(_price(10 * number + one), payment_terms_days=7) for one in range(3)]
    desk.office.advance(days=8)
    return refs, {}


async def _edited(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    ref = f"{desk.office.account}:{await desk.draft(_price(number))}"
    return None, {"replaces": ref, "lines": [{**LINE, "item_name": "Less"}], "buyer_reference": "changed"}


def _credited(**arguments: object):
    async def prepare(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
        ref = f"{desk.office.account}:{await desk.issued(_price(number))}"
        return None, {"kind": "credit_note", "copy_of": ref, **arguments}

    return prepare


async def _paid(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
    invoice_id = await desk.issued(_price(number))
    paid = await desk.do("register_payment", invoice_id)
    return invoice_id, {"undo_payment_id": paid.result["payment"]["id"]}


async def _paused(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
    invoice_id = await desk.issued(_price(number))
    await desk.do("change_phase", invoice_id, phase="paused")
    return invoice_id, {"phase": "resumed"}


async def _discarded(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
    # Nothing is left to compare with afterwards, so only its key tells that this very call was carried out.
    key = f"discard-{number:04d}"
    return await desk.draft(_price(number)), {"phase": "cancelled", "expected_status": "draft", "idempotency_key": key}


_SENT = {"phase": "sent", "deliver": "email"}
_BY_HAND = {"phase": "sent", "deliver": "manual"}
_LATER = {"phase": "scheduled", "deliver": "email", "on": "2031-01-15"}
_GIVEN_UP = {"phase": "uncollectible", "expected_status": "open"}

_REMINDED = "send_reminders"

DEEDS = (
    Deed("create", "create_invoice", _nothing, ({"invoice_created": 1},), proven=False, resent=False),
    Deed("edit", "create_invoice", _edited, ({"invoice_updated": 1},)),
    Deed("credit", "create_invoice", _credited(), (_CREDITED,)),
    Deed("credit a part", "create_invoice", _credited(lines=[LINE]), (_CREDITED, {"invoice_updated": 1})),
    Deed("pay", "register_payment", _issued(), ({"payment_created": 1},)),
    Deed("pay a part", "register_payment", _issued(amount="1.00", reference="bank 7"), ({"payment_created": 1},)),
    Deed("take back", "register_payment", _paid, ({"payment_deleted": 1},)),
    Deed("remind", "send_reminder", _overdue(), ({"mail": 1, "reminder_sent": 1},), resent=False, path=_REMINDED),
    Deed(
        "remind of three",
        "send_reminder",
        _three_overdue,
        ({"mail": 1, "reminder_sent": 3},),
        resent=False,
        path=_REMINDED,
    ),
    Deed("mail", "change_phase", _draft(**_SENT), ({"invoice_sent": 1, "mail": 1},), resent=False),
    Deed("hand over", "change_phase", _draft(**_BY_HAND), (_ISSUED,)),
    Deed("schedule", "change_phase", _draft(**_LATER), ({"invoice_scheduled": 1},), resent=False),
    Deed("doubt", "change_phase", _issued(phase="dubious"), ({"marked_dubious": 1},)),
    Deed("give up", "change_phase", _issued(**_GIVEN_UP), ({"marked_uncollectible": 1},)),
    Deed("pause", "change_phase", _issued(phase="paused"), ({"paused": 1},)),
    Deed("resume", "change_phase", _paused, ({"resumed": 1},)),
    Deed("discard", "change_phase", _discarded, ({"invoice_deleted": 1},)),
    Deed(
        "cancel",
        "change_phase",
        _issued(phase="cancelled", expected_status="open"),
        (_CREDITED, _ISSUED, {"payment_created": 2}),
    ),
)

BY_ID = replace(DEEDS[0], name="create by id", prepare=_for_a_buyer_by_id)
"""As create, but for how the buyer is named."""
