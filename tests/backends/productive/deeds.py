"""Every kind of write to Productive, and what each of its requests does in the double."""

from dataclasses import replace

from tests.backends.contract import LINE, Desk
from tests.backends.matrix import Deed

_LINE = {"line_created": 1}
_CREATED = ({"invoice_created": 1}, _LINE, _LINE)
_FINALIZED = {"invoice_finalized": 1}


def _price(number: int) -> str:
    return f"{100 + number}.00"


def _two_lines(number: int) -> list[dict[str, str]]:
    return [{**LINE, "net_price": _price(number)}, {**LINE, "item_name": "Hosting", "tax_rate": "9"}]


async def _nothing(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    return None, {"buyer": {"name": desk.office.buyer}, "lines": _two_lines(number)}


async def _with_details(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    [buyer] = await desk.backend.find_buyers(desk.office.buyer, 5)
    given = {"name": buyer.name, "vat_identifier": buyer.vat_identifier}
    return None, {"buyer": given, "lines": _two_lines(number)}


async def _for_a_buyer_by_id(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    [buyer] = await desk.backend.find_buyers(desk.office.buyer, 5)
    return None, {"buyer": {"id": buyer.id}, "lines": _two_lines(number)}


def _draft(**arguments: object):
    async def prepare(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
        return await desk.draft(_price(number)), arguments

    return prepare


def _issued(**arguments: object):
    async def prepare(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
        return await desk.issued(_price(number)), arguments

    return prepare


async def _overdue(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
    return await desk.overdue(_price(number)), {}


async def _edited(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    ref = f"{desk.office.account}:{await desk.draft(_price(number))}"
    return None, {"replaces": ref, "lines": _two_lines(number + 400), "buyer_reference": "changed"}


async def _shortened(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    draft = await desk.draft(lines=_two_lines(number))
    return None, {"replaces": f"{desk.office.account}:{draft}", "lines": _two_lines(number + 400)[:1]}


async def _credited(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    ref = f"{desk.office.account}:{await desk.issued(_price(number))}"
    return None, {"kind": "credit_note", "copy_of": ref}


async def _paid(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
    invoice_id = await desk.issued(_price(number))
    paid = await desk.do("register_payment", invoice_id)
    return invoice_id, {"undo_payment_id": paid.result["payment"]["id"]}


async def _discarded(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
    # Nothing is left to compare with afterwards, so only its key tells that this very call was carried out.
    key = f"discard-{number:04d}"
    return await desk.draft(_price(number)), {"phase": "cancelled", "expected_status": "draft", "idempotency_key": key}


_MAIL = {"invoice_sent": 1, "mail": 1}
_BY_MAIL = {"phase": "sent", "deliver": "email"}
_BY_HAND = {"phase": "sent", "deliver": "manual"}
_GIVEN_UP = {"phase": "uncollectible", "expected_status": "open"}

DEEDS = (
    Deed("create", "create_invoice", _nothing, _CREATED),
    Deed("edit", "create_invoice", _edited, ({"invoice_updated": 1}, {"line_updated": 1}, _LINE)),
    Deed("shorten", "create_invoice", _shortened, ({"line_updated": 1}, {"line_deleted": 1})),
    Deed("credit", "create_invoice", _credited, ({"invoice_created": 1}, _LINE)),
    Deed("pay", "register_payment", _issued(amount="1.00", reference="bank 7"), ({"payment_created": 1},)),
    Deed("take back", "register_payment", _paid, ({"payment_deleted": 1},)),
    Deed("remind", "send_reminder", _overdue, (_MAIL,), resent=False),
    Deed("mail", "change_phase", _draft(**_BY_MAIL), (_FINALIZED, _MAIL), resent=False),
    Deed("hand over", "change_phase", _draft(**_BY_HAND), (_FINALIZED, {"invoice_updated": 1})),
    Deed("give up", "change_phase", _issued(**_GIVEN_UP), ({"payment_created": 1},)),
    Deed("discard", "change_phase", _discarded, ({"invoice_deleted": 1},)),
)

BY_ID = replace(DEEDS[0], name="create by id", prepare=_for_a_buyer_by_id)
WITH_DETAILS = replace(DEEDS[0], name="create with details", prepare=_with_details)
"""As create, but for how the buyer is named."""
