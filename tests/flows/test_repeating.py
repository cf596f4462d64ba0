"""The same call twice is one effect and the same answer, whoever repeats it and however it is spelled."""

from typing import Any

import anyio
import pytest

from invoice_mcp.service import carrying
from invoice_mcp.writes.protocol import replay
from tests.flows.conftest import HeldClock, Office, code

LINE = {"item_name": "Design", "quantity": "1", "net_price": "100.00"}
KEY = "order-2026-03-02"


async def rows(office: Office) -> int:
    return len((await office.call("search_invoices"))["rows"])


async def test_the_same_create_is_replayed_however_it_is_spelled(office: Office) -> None:
    await office.draft("Acme", price="1.00")
    first = await office.call("create_invoice", buyer={"name": "acme"}, lines=[LINE])
    buyer = {"id": first["invoice"]["buyer"]["id"]}
    for spelling in (
        {"buyer": {"name": " ACME "}, "lines": [LINE]},
        {"buyer": buyer, "lines": [LINE | {"net_price": 100, "quantity": 1}]},
        {"buyer": '{"name": "Acme"}', "lines": '[{"item_name": "Design", "net_price": "100"}]', "note": ""},
    ):
        again = await office.call("create_invoice", **spelling)
        assert again["outcome"] == "replayed", again
        assert again["invoice"] == first["invoice"]
        assert "nothing new was done" in again["notice"]
    assert await rows(office) == 2


async def test_a_key_is_replayed_for_ever_and_a_fingerprint_for_a_day(office: Office, clock: HeldClock) -> None:
    await office.draft("Acme", price="1.00")
    keyed = {"buyer": {"name": "Acme"}, "lines": [LINE], "idempotency_key": KEY}
    ref = await office.sent(price="50.00")
    first = await office.call("create_invoice", **keyed)
    paid = await office.call("register_payment", ref=ref, amount="10")
    clock.advance(days=30)
    again = await office.call("create_invoice", **keyed)
    assert (again["outcome"], again["operation"]) == ("replayed", again["operation"])
    assert again["invoice"]["ref"] == first["invoice"]["ref"]
    second = await office.call("register_payment", ref=ref, amount="10")
    assert second["outcome"] == "done"
    assert second["payment"]["id"] != paid["payment"]["id"]


async def test_a_key_never_stands_for_two_writes(office: Office) -> None:
    one, other = await office.sent(price="10.00"), await office.sent(price="20.00")
    await office.call("register_payment", ref=one, amount="1", idempotency_key=KEY)
    for arguments in ({"ref": one, "amount": "2"}, {"ref": other, "amount": "1"}):
        answer = await office.call("register_payment", **arguments, idempotency_key=KEY)
        assert code(answer) == "conflict", arguments
    elsewhere = await office.call("change_phase", ref=one, phase="paused", idempotency_key=KEY)
    assert code(elsewhere) == "conflict"


async def test_the_same_write_under_another_key_is_suspected_and_names_the_first(office: Office) -> None:
    ref = await office.sent(price="10.00")
    await office.call("register_payment", ref=ref, amount="1", idempotency_key=KEY)
    answer = await office.call("register_payment", ref=ref, amount="1", idempotency_key="another-key")
    assert code(answer) == "duplicate_suspected"
    meant = await office.call(
        "register_payment",
        ref=ref,
        amount="1",
        idempotency_key="another-key",
        repeat_of=answer["error"]["operation"],
    )
    assert meant["outcome"] == "done"
    assert (await office.invoice(ref))["paid_amount"] == "2.00"


async def test_a_repeat_on_purpose_is_protected_itself(office: Office) -> None:
    ref = await office.sent(price="10.00")
    await office.call("register_payment", ref=ref, amount="1")
    first = (await office.call("register_payment", ref=ref, amount="1"))["operation"]
    for outcome in ("done", "replayed"):
        answer = await office.call("register_payment", ref=ref, amount="1", repeat_of=first)
        assert answer["outcome"] == outcome
    assert (await office.invoice(ref))["paid_amount"] == "2.00"


async def test_repeat_of_names_an_operation_of_this_tool(office: Office) -> None:
    ref = await office.sent(price="10.00")
    for nothing in ("op_00000000000000000000", "nonsense"):
        answer = await office.call("register_payment", ref=ref, amount="1", repeat_of=nothing)
        assert code(answer) == "not_found"
    made = (await office.call("create_invoice", copy_of=ref, buyer_reference="again", repeat_of="op_0"))["error"]
    assert made["code"] == "not_found"
    draft = await office.call("create_invoice", copy_of=ref, lines=[LINE | {"net_price": "7"}])
    twice = await office.call("create_invoice", copy_of=ref, lines=[LINE | {"net_price": "7"}], note="other words")
    assert draft["outcome"] == "done"
    assert code(twice) == "duplicate_suspected"
    of_another_tool = twice["error"]["operation"]
    answer = await office.call("register_payment", ref=ref, amount="1", repeat_of=of_another_tool)
    assert code(answer) == "invalid_request"


async def test_what_was_undone_may_be_done_again(office: Office) -> None:
    ref = await office.sent(price="10.00")
    first = await office.call("register_payment", ref=ref, amount="1", idempotency_key=KEY)
    await office.call("register_payment", ref=ref, undo_payment_id=first["payment"]["id"])
    keyed = await office.call("register_payment", ref=ref, amount="1", idempotency_key=KEY)
    assert keyed["outcome"] == "replayed"
    assert "undone since" in keyed["notice"]
    anew = await office.call("register_payment", ref=ref, amount="1")
    assert anew["outcome"] == "done"
    assert (await office.invoice(ref))["paid_amount"] == "1.00"


async def test_a_phase_is_replayed_only_by_its_key(office: Office) -> None:
    ref = await office.sent()
    await office.call("change_phase", ref=ref, phase="paused", idempotency_key=KEY)
    await office.call("change_phase", ref=ref, phase="resumed")
    again = await office.call("change_phase", ref=ref, phase="paused", idempotency_key=KEY)
    assert again["outcome"] == "replayed"
    assert "paused" not in (await office.invoice(ref))["flags"]


async def test_a_refusal_releases_the_key(office: Office) -> None:
    ref = await office.draft()
    refused = await office.call("register_payment", ref=ref, amount="1", idempotency_key=KEY)
    assert code(refused) == "conflict"
    await office.call("change_phase", ref=ref, phase="sent", deliver="manual")
    done = await office.call("register_payment", ref=ref, amount="1", idempotency_key=KEY)
    assert done["outcome"] == "done"


async def test_fifty_at_once_are_one(office: Office) -> None:
    ref = await office.sent(price="100.00")
    await office.draft("Acme", price="1.00")
    calls = [
        ("register_payment", {"ref": ref, "amount": "1"}),
        ("create_invoice", {"buyer": {"name": "Acme"}, "lines": [LINE | {"net_price": "77"}]}),
        ("change_phase", {"ref": ref, "phase": "dubious"}),
    ]
    for tool, arguments in calls:
        answers = []

        async def ask(tool: str = tool, arguments: dict[str, object] = arguments) -> None:
            answers.append(await office.call(tool, **arguments))  # noqa: B023

        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(ask)
        assert len(answers) == 50
        assert sum(answer["outcome"] == "done" and answer.get("changed", True) for answer in answers) == 1, tool
    assert (await office.invoice(ref))["paid_amount"] == "1.00"
    assert len((await office.call("search_invoices", amount_min="93.17", amount_max="93.17"))["rows"]) == 1


async def test_different_writes_at_once_all_count(office: Office) -> None:
    ref = await office.sent(price="1000.00")
    answers = []

    async def pay(cents: int) -> None:
        answers.append(await office.call("register_payment", ref=ref, amount=f"0.{cents:02d}"))

    async with anyio.create_task_group() as group:
        for cents in range(1, 31):
            group.start_soon(pay, cents)
    assert {answer.get("outcome") for answer in answers} == {"done"}
    invoice = await office.invoice(ref)
    assert invoice["paid_amount"] == "4.65"
    assert invoice["payable_amount"] == "1205.35"


@pytest.mark.parametrize("phase", ["paused", "dubious"])
async def test_what_another_process_did_meanwhile_is_replayed_and_not_found_done(
    office: Office, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    ref = await office.sent(price="10.00")
    asked = {"ref": ref, "phase": phase, "idempotency_key": KEY}
    first = await office.call("change_phase", **asked)
    looked = iter([True])

    async def too_early(*arguments: Any) -> Any:
        """The first look comes before the other process has begun."""
        return None if next(looked, False) else await replay(*arguments)

    monkeypatch.setattr(carrying, "replay", too_early)
    again = await office.call("change_phase", **asked)
    assert (again["outcome"], again["changed"]) == ("replayed", True)
    assert again["first_at"]
    assert {key: again[key] for key in ("from", "to")} == {key: first[key] for key in ("from", "to")}
