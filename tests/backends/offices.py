"""One office of every registered kind of system: what tests over all of them are made of."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

from tests.backends.moneybird import office as moneybird
from tests.backends.next_project import office as next_project
from tests.backends.productive import office as productive
from tests.backends.test_ledger_contract import ledger_office
from tests.backends.tribe import office as tribe
from tests.backends.ysuite import office as ysuite

OFFICES: Final[Mapping[str, Callable[[Path, int], AbstractAsyncContextManager[Any]]]] = {
    "ledger": ledger_office,
    "tribe": lambda _folder, invoices: tribe.office(invoices),
    "moneybird": lambda _folder, invoices: moneybird.office(invoices),
    "ysuite": lambda _folder, invoices: ysuite.bench(invoices),
    "next": lambda _folder, invoices: next_project.office(invoices),
    "productive": lambda _folder, invoices: productive.office(invoices),
}
"""By backend: an office in a folder, with so many invoices. A new adapter is one line here."""
