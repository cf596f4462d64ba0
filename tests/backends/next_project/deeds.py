"""Every kind of write to Next, and what its requests do to the book."""

from tests.backends.contract import Desk
from tests.backends.matrix import Deed


async def _issued(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
    return await desk.issued(f"{100 + number}.00"), {}


async def _on_a_day(desk: Desk, number: int) -> tuple[str, dict[str, object]]:
    total = f"{(100 + number) * 2 * 121 // 100}.{(100 + number) * 2 * 121 % 100:02d}"
    return await desk.issued(f"{100 + number}.00"), {"amount": total, "paid_on": desk.office.today.isoformat()}


DEEDS = (
    Deed("pay", "register_payment", _issued, ({"written": 1},)),
    Deed("pay on a day", "register_payment", _on_a_day, ({"written": 1},)),
)
