"""Groups: what matches, summed by buyer, account, status, month or tax rate, a page at a time.

Count and VAT amounts cover all that matches. What is payable, overdue and due since when covers what is issued, as
nobody owes a draft.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Final

from invoice_mcp.domain.money import from_minor
from invoice_mcp.domain.query import Gap, Group, GroupBy, Position
from invoice_mcp.domain.same_buyer import identifiers
from invoice_mcp.domain.status import UNPAID
from invoice_mcp.storage.ledger_cells import BY_BUYER, BY_MONTH, BY_TAX_RATE, SUMMED, TOGETHER, Cell, Cells, Keyed
from invoice_mcp.storage.ledger_totals import overdue_in

if TYPE_CHECKING:
    import apsw

Label = str | int
"""What tells the groups of a currency apart: a buyer's row number, or the key itself."""


@dataclass(frozen=True, slots=True)
class _Sum:
    """The cells of one group in one currency."""

    currency: str
    label: Label
    cells: Sequence[Cell]

    @property
    def payable(self) -> int:
        return sum(cell.payable for cell in self.cells if cell.issued)


@dataclass(frozen=True, slots=True)
class _Name:
    """What a group is called."""

    key: str
    buyer_ids: tuple[str, ...] = ()
    same_name: bool = False
    identifiers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Grouping:
    """How to group: which cells to read, what labels one, what orders and what names the groups of a currency."""

    keyed: Keyed
    label: Callable[[Cell], Label]
    weight: Callable[[_Sum], int]
    names: Callable[["apsw.Connection", str, Sequence[Label]], Mapping[Label, _Name]]
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupPage:
    """One page of groups, and the position of the last one if more follow."""

    groups: tuple[Group, ...]
    next: Position | None
    gaps: tuple[Gap, ...]


_BUYERS: Final = """
SELECT seq, id, name, EXISTS (SELECT 1 FROM buyers AS b WHERE b.name_key = buyers.name_key AND b.seq <> buyers.seq),
    vat_identifier, email
FROM buyers WHERE seq IN (SELECT value FROM json_each(?))
"""


def _buyer_names(connection: "apsw.Connection", _account: str, labels: Sequence[Label]) -> Mapping[Label, _Name]:
    rows = connection.execute(_BUYERS, (json.dumps(labels),))
    return {
        seq: _Name(name, (buyer_id,), same_name == 1, identifiers(vat_identifier, email))
        for seq, buyer_id, name, same_name, vat_identifier, email in rows
    }


def _own_names(_connection: "apsw.Connection", _account: str, labels: Sequence[Label]) -> Mapping[Label, _Name]:
    return {label: _Name(str(label)) for label in labels}


def _account_name(_connection: "apsw.Connection", account: str, labels: Sequence[Label]) -> Mapping[Label, _Name]:
    return dict.fromkeys(labels, _Name(account))


def _by_key(cell: Cell) -> Label:
    return cell.key


def _by_status(cell: Cell) -> Label:
    return cell.status.value


def _most_payable_first(group: _Sum) -> int:
    return -group.payable


def _alike(_group: _Sum) -> int:
    return 0


def _lowest_rate_first(group: _Sum) -> int:
    return int(Decimal(group.label).scaleb(4))


GROUPINGS: Final[Mapping[GroupBy, Grouping]] = {
    GroupBy.BUYER: Grouping(BY_BUYER, _by_key, _most_payable_first, _buyer_names),
    GroupBy.ACCOUNT: Grouping(TOGETHER, _by_key, _most_payable_first, _account_name),
    GroupBy.STATUS: Grouping(TOGETHER, _by_status, _most_payable_first, _own_names),
    GroupBy.MONTH: Grouping(BY_MONTH, _by_key, _alike, _own_names),
    GroupBy.TAX_RATE: Grouping(
        BY_TAX_RATE,
        _by_key,
        _lowest_rate_first,
        _own_names,
        (Gap("what is payable or overdue belongs to whole invoices and is not split by tax rate"),),
    ),
}
_NOT_ALL: Final = Gap(f"only {SUMMED} of the invoices that match are grouped")


def read_groups(
    connection: "apsw.Connection", account: str, cells: Cells, group_by: GroupBy, limit: int, position: Position | None
) -> GroupPage:
    """At most `limit` groups after `position`, by currency, then most payable first, or by month or rate.

    `cells` are those that `GROUPINGS` asks for. A buyer is one row of the ledger; that another has the same name,
    without case and accents, is marked. The month of what was never issued is empty. A position is (currency,
    weight, label).
    """
    grouping = GROUPINGS[group_by]

    def place(cell: Cell) -> tuple[str, Label]:
        return cell.currency, grouping.label(cell)

    def rank(group: _Sum) -> Position:
        return group.currency, grouping.weight(group), group.label

    sums = (_Sum(*key, tuple(members)) for key, members in groupby(sorted(cells.cells, key=place), key=place))
    ordered = sorted(sums, key=rank)
    left = [group for group in ordered if position is None or rank(group) > tuple(position)]
    shown = left[:limit]
    names = grouping.names(connection, account, [group.label for group in shown])
    return GroupPage(
        groups=tuple(_group(group, names[group.label]) for group in shown),
        next=rank(shown[-1]) if len(left) > limit else None,
        gaps=(*((_NOT_ALL,) if cells.partial else ()), *grouping.gaps),
    )


def _group(group: _Sum, name: _Name) -> Group:
    tax_exclusive = sum(cell.tax_exclusive for cell in group.cells)
    tax = sum(cell.tax for cell in group.cells)
    unpaid_since = (cell.oldest_due_date for cell in group.cells if cell.status in UNPAID)
    return Group(
        key=name.key,
        currency=group.currency,
        count=sum(cell.count for cell in group.cells),
        tax_exclusive_amount=from_minor(tax_exclusive, group.currency),
        tax_amount=from_minor(tax, group.currency),
        tax_inclusive_amount=from_minor(tax_exclusive + tax, group.currency),
        payable_amount=from_minor(group.payable, group.currency),
        overdue_amount=from_minor(overdue_in(group.cells), group.currency),
        oldest_due_date=min((date for date in unpaid_since if date is not None), default=None),
        buyer_ids=name.buyer_ids,
        same_name=name.same_name,
        buyer_identifiers=name.identifiers,
    )
