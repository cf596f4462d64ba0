"""What comes after a search costs what the vendor's own interface costs at least: what is known is not asked again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from invoice_mcp.domain.query import InvoiceQuery
from tests.backends.offices import OFFICES

REQUESTS_PER_GET: Final[Mapping[str, int]] = {
    "ledger": 0,
    "tribe": 1,
    "moneybird": 1,
    "ysuite": 2,
    "next": 2,
    "productive": 3,
}
"""By backend: the requests of one invoice in full, once names, phases and rates are known (docs/backends)."""


@pytest.mark.parametrize("kind", OFFICES)
async def test_an_invoice_of_a_search_costs_the_least_it_can(tmp_path: Path, kind: str) -> None:
    async with OFFICES[kind](tmp_path, 30) as office:

        async def cost_of_search() -> int:
            before = office.requests()
            page = await office.backend.search(InvoiceQuery(today=office.today), None)
            refs.extend(row.ref.id for row in page.rows)
            return int(office.requests() - before)

        refs: list[str] = []
        first, again = await cost_of_search(), await cost_of_search()
        assert again <= first
        await office.backend.get(refs[0])
        for invoice_id in refs[1:6]:
            before = office.requests()
            await office.backend.get(invoice_id)
            assert office.requests() - before == REQUESTS_PER_GET[kind]
