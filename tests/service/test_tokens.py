"""What an answer of a search costs a model."""

import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import anyio
import pytest

from invoice_mcp.domain.invoice import Ref
from invoice_mcp.domain.query import InvoiceRow
from invoice_mcp.domain.results import dumps
from invoice_mcp.service.asking import Patience
from tests.service.conftest import Firm, Vendor, row
from tests.tools.test_tokens import REFUSAL_BYTES, REFUSAL_TOKENS
from tests.tools.tokens import count_tokens, needs_tokenizer

ROW_TOKENS: Final = {"digits": 60, "guid": 80}
ROW_BYTES: Final = {"digits": 150, "guid": 170}
PAGE_TOKENS: Final = 1_450
PAGE_BYTES: Final = 3_300
"""Each budget of bytes stands in for its budget of tokens where tokens cannot be counted."""

BUYER: Final = "Waterschapsbedrijf Limburg-Noord & Zonen"
IDS: Final[dict[str, Callable[[int], str]]] = {
    "digits": lambda number: str(330482588634519036 + number * 7_919_000_017),
    "guid": lambda number: str(uuid.UUID(int=0x1F2E3D4C5B6A79880011223344556677 + number * 0x123456789ABCDEF)),
}


def dear(kind: str, number: int) -> InvoiceRow:
    """An invoice as long as they come."""
    assert len(BUYER) == 40
    amount = Decimal("12345.67") + number
    ref = Ref("books", IDS[kind](number))
    return row("books", number, ref=ref, buyer=BUYER, invoice_number=f"2026-{number:04d}", payable_amount=amount)


async def answer(firms: Callable[..., Firm], folder: Path, kind: str) -> dict[str, Any]:
    rows = [dear(kind, number) for number in range(300, 340)]
    found = await firms(folder, Vendor("books", rows, per_page=100)).search()
    assert len(found["rows"]) == 20
    assert len(found["totals"]) == len(found["ageing"]) == 1
    assert found["next_cursor"]
    return found


@pytest.mark.parametrize("kind", IDS)
async def test_a_row_and_a_page_fit_their_budgets_of_bytes(
    firms: Callable[..., Firm], tmp_path: Path, kind: str
) -> None:
    found = await answer(firms, tmp_path, kind)
    assert max(len(dumps(each).encode()) for each in found["rows"]) <= ROW_BYTES[kind]
    if kind == "digits":
        assert len(dumps(found).encode()) <= PAGE_BYTES


async def refusals(firms: Callable[..., Firm], folder: Path) -> list[str]:
    """What goes wrong with a search, as the caller reads it."""

    async def hangs(_request: int) -> None:
        await anyio.sleep_forever()

    async def at_once() -> None:
        await anyio.wait_all_tasks_blocked()

    vendor = Vendor("books", [row("books", number) for number in range(30)])
    firm = firms(folder, vendor, Vendor("b" * 32, []), patience=Patience(quiet=anyio.sleep_forever, whole=at_once))
    cursor = (await firm.search())["next_cursor"]
    said = [
        await firm.search(cursor="x" * 400),
        await firm.search(cursor=cursor, buyer="Somebody else"),
        await firm.search(accounts=["nobody"]),
    ]
    vendor.before = hangs  # type: ignore[assignment]
    said += [await firm.search(accounts=["books"]), (await firm.search())["incomplete"][0]]
    vendor.before = lambda _: 1 / 0  # type: ignore[return-value]
    return [dumps(each) for each in (*said, await firm.search(accounts=["books"]))]


async def test_every_refusal_fits_its_budget_of_bytes(firms: Callable[..., Firm], tmp_path: Path) -> None:
    assert max(len(each.encode()) for each in await refusals(firms, tmp_path)) <= REFUSAL_BYTES


@needs_tokenizer
async def test_every_refusal_fits_its_budget_of_tokens(firms: Callable[..., Firm], tmp_path: Path) -> None:
    assert max(count_tokens(await refusals(firms, tmp_path))) <= REFUSAL_TOKENS


@needs_tokenizer
@pytest.mark.parametrize("kind", IDS)
async def test_a_row_and_a_page_fit_their_budgets_of_tokens(
    firms: Callable[..., Firm], tmp_path: Path, kind: str
) -> None:
    found = await answer(firms, tmp_path, kind)
    page, *rows = count_tokens([dumps(found), *map(dumps, found["rows"])])
    assert max(rows) <= ROW_TOKENS[kind]
    if kind == "digits":
        assert page <= PAGE_TOKENS
