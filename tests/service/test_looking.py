"""A number looked up in several accounts: at the same time, and who could not be asked is named."""

from collections.abc import Callable
from pathlib import Path

import anyio

from invoice_mcp.domain.query import NumberMatches
from invoice_mcp.errors import Unauthorized
from tests.flows.conftest import code
from tests.service.conftest import Firm, Vendor, row


class Shelf(Vendor):
    """An account that answers once all have been asked."""

    asked: list[str]
    all_asked: anyio.Event
    refuses = False

    async def find_number(self, invoice_number: str) -> NumberMatches:
        self.asked.append(self.account)
        if len(self.asked) == 3:
            self.all_asked.set()
        await self.all_asked.wait()
        if self.refuses:
            raise Unauthorized("The token is not accepted.", next="Ask the user to check it.")
        found = tuple(each for each in self.rows if each.invoice_number == invoice_number)
        return NumberMatches(found, nearest=() if found else ("000001",))


def shelves(*, refusing: str = "") -> list[Shelf]:
    asked, all_asked = list[str](), anyio.Event()
    made = [Shelf(name, [row(name, 1), row(name, 7 if name == "c" else 2)]) for name in "abc"]
    for each in made:
        each.asked, each.all_asked, each.refuses = asked, all_asked, each.account in refusing
    return made


async def test_all_accounts_are_asked_at_the_same_time(firms: Callable[..., Firm], tmp_path: Path) -> None:
    answer = await firms(tmp_path, *shelves()).call("get_invoice", invoice_number="000001")
    assert code(answer) == "ambiguous"
    assert [each["ref"] for each in answer["error"]["candidates"]] == ["a:000001", "b:000001", "c:000001"]


async def test_who_could_not_be_asked_is_named(firms: Callable[..., Firm], tmp_path: Path) -> None:
    answer = await firms(tmp_path, *shelves(refusing="a")).call("get_invoice", invoice_number="000009")
    assert code(answer) == "not_found"
    assert "Not read: a." in answer["error"]["message"]


async def test_where_nobody_could_be_asked_nothing_is_said_of_the_number(
    firms: Callable[..., Firm], tmp_path: Path
) -> None:
    answer = await firms(tmp_path, *shelves(refusing="abc")).call("get_invoice", invoice_number="000001")
    assert code(answer) == "unauthorized"
