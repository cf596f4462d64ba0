"""Every kind of write to YSuite, and what each of its requests does to the books. Reminders do not go there."""

from tests.backends.contract import LINE, Desk
from tests.backends.matrix import Deed


def _lines(number: int) -> list[dict[str, str]]:
    return [{**LINE, "net_price": f"{100 + number}.00"}]


async def _by_name(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    return None, {"buyer": {"name": desk.office.buyer}, "lines": _lines(number), "payment_terms_days": 14}


async def _by_id(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    buyer_id = next(iter(desk.office.organisation.contacts))  # type: ignore[attr-defined]
    return None, {"buyer": {"id": str(buyer_id)}, "lines": _lines(number)}


async def _copy(desk: Desk, number: int) -> tuple[None, dict[str, object]]:
    ref = f"{desk.office.account}:{await desk.issued(f'{300 + number}.00')}"
    return None, {"copy_of": ref, "buyer_reference": "again"}


async def _overdue(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
    return await desk.overdue(f"{500 + number}.00"), {}


_CREATED = ({"invoice_created": 1},)

CREATES = (
    Deed("create", "create_invoice", _by_name, _CREATED, proven=False, resent=False),
    Deed("copy", "create_invoice", _copy, _CREATED, proven=False, resent=False),
)
BY_ID = Deed("create for an id", "create_invoice", _by_id, _CREATED, proven=False, resent=False)
REMIND = Deed("remind", "send_reminder", _overdue, ({},), resent=False)
