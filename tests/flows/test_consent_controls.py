"""What consent rests on, taken away piece by piece: without it a proof of `test_clients` or of this file fails."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.backends.ledger import payments, phases
from invoice_mcp.domain.requests import RegisterPayment
from invoice_mcp.errors import InvalidRequest, PolicyRefused
from invoice_mcp.server.caller import SessionCaller
from invoice_mcp.service import carrying, confirming
from invoice_mcp.storage import pending as sql
from tests.flows import test_clients, test_confirming, test_handles
from tests.flows.conftest import HeldClock, Office, Person, code
from tests.flows.vendors import BUYER, at_moneybird, colleague_pays

LINE = {"item_name": "Design", "net_price": "77.00", "tax_rate": "21"}


async def a_colleague_pays_while_the_person_thinks(folder: Path, clock: HeldClock) -> None:
    """At a vendor, and within the seconds for which a plan may rely on what it read."""
    async with at_moneybird(folder, clock, 'mode = "full"', invoices=20) as (office, vendor):
        made = await office.call("create_invoice", account="books", buyer={"name": BUYER}, lines=[LINE])
        ref = made["invoice"]["ref"]
        assert (await office.call("change_phase", ref=ref, phase="sent", deliver="manual"))["outcome"] == "done"
        written = vendor.written

        class Slow(Person):
            async def ask(self, question: str, token: str) -> bool:
                colleague_pays(vendor, ref.partition(":")[2])
                return await super().ask(question, token)

        office.person = Slow(will=True)
        for amount in ({}, {"amount": "5.00"}):
            assert code(await office.call("register_payment", ref=ref, **amount)) == "conflict"
        assert vendor.written == written


async def test_a_colleague_who_is_quicker_than_the_person_is_a_conflict(tmp_path: Path, clock: HeldClock) -> None:
    await a_colleague_pays_while_the_person_thinks(tmp_path, clock)


async def forged_mail_goes_nowhere(office: Office) -> None:
    """A step that says it may mail, to the address on file or to another one, without anybody's acceptance."""
    draft = await office.draft()
    await office.confirm_buyers()
    backend = office.services.accounts.get("ledger").backend()
    steps: list[Any] = []
    begin = backend.begin

    async def keep(planned: Any) -> Any:
        steps.extend(planned)
        raise PolicyRefused("Kept.", next="")

    backend.begin = keep  # type: ignore[method-assign]
    await office.call("change_phase", ref=draft, phase="sent", deliver="email")
    backend.begin = begin  # type: ignore[method-assign]
    [step] = steps
    body = {**step.body, "recipient": "thief@evil.example", "accepts_address": True}
    forged = type(step)(step.number, step.method, step.path, body, step.before, step.identity)
    with suppress(PolicyRefused):
        await backend.perform(forged, [])
    assert office.outbox() == []


async def test_the_ledger_itself_mails_to_no_address_but_the_one_on_file(office: Office) -> None:
    await forged_mail_goes_nowhere(office)


Proof = Callable[[Office, str, Path, HeldClock], Awaitable[None]]


async def _taken_once(office: Office, ref: str, *_: object) -> None:
    """What was kept is handed out once."""
    pending = office.services.pending
    request = RegisterPayment.model_validate({"ref": ref})
    token = await pending.keep(request, ["ledger"], [], asked=False)
    await pending.take(token, request, ["ledger"], asked=False)
    with pytest.raises(InvalidRequest, match="was used"):
        await pending.take(token, request, ["ledger"], asked=False)


def _endless(connection: Any, token_hash: str, binding: str, now: str) -> str | None:
    """As `pending.take`, but neither once nor in time."""
    found = connection.execute(
        "SELECT plans FROM pending WHERE token_hash = ? AND binding = ?", (token_hash, binding)
    ).fetchone()
    return None if found is None else str(found[0])


CONTROLS: dict[str, tuple[Proof, Any, str, Any]] = {
    "the comparison, between rounds": (
        lambda office, ref, *_: test_clients.test_a_balance_that_changes_while_the_person_thinks_is_a_conflict(
            office, ref, "auto"
        ),
        carrying,
        "seen",
        lambda plan: "the same",
    ),
    "the comparison, at a vendor": (
        lambda _, __, folder, clock: a_colleague_pays_while_the_person_thinks(folder / "vendor", clock),
        carrying,
        "seen",
        lambda plan: "the same",
    ),
    "once": (_taken_once, sql, "take", _endless),
    "ten minutes": (
        lambda office, ref, _, clock: test_clients.test_in_the_newer_era_an_answer_that_comes_too_late_is_none(
            office, ref, clock
        ),
        sql,
        "take",
        _endless,
    ),
    "the account": (
        lambda _, __, folder, clock: (
            test_handles.test_a_confirmation_is_bound_to_the_account_that_the_call_did_not_name(folder, clock)
        ),
        confirming,
        "_binding",
        lambda request, accounts, asked: "the same",
    ),
    "a no is final": (
        lambda office, ref, *_: test_clients.test_in_the_newer_era_a_no_cannot_be_turned_into_a_yes_afterwards(
            office, ref
        ),
        sql,
        "take",
        _endless,
    ),
    "a yes is a yes": (
        lambda office, ref, *_: test_clients.test_anything_but_a_yes_is_declined_and_writes_nothing(
            office, ref, "auto", test_clients.NO
        ),
        SessionCaller,
        "reply",
        property(lambda caller: _always_yes(caller)),
    ),
    "human": (
        lambda _, __, folder, clock: test_confirming.test_human_refuses_where_nobody_can_be_asked(folder, clock),
        carrying.Carrying,
        "_check_human",
        lambda *_: None,
    ),
    "the address on file": (
        lambda office, *_: forged_mail_goes_nowhere(office),
        phases,
        "let_mail_go",
        lambda connection, head, body: None,
    ),
}

ALSO: dict[str, tuple[tuple[Any, str, Any], ...]] = {
    # The ledger compares the version in the very transaction: with either look alone it would pass.
    "the comparison, between rounds": (
        (payments, "unchanged", lambda connection, invoice, version: payments.head_of(connection, invoice)),
    ),
}


def _always_yes(caller: SessionCaller) -> Any:
    from invoice_mcp.service.caller import Reply

    token = caller._context.request_state
    return None if token is None else Reply(token, True)


@pytest.mark.parametrize("name", CONTROLS)
async def test_without_the_control_its_proof_fails(
    office: Office, tmp_path: Path, clock: HeldClock, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof, owner, attribute, instead = CONTROLS[name]
    ref = await office.sent()
    for module, look, blind in ALSO.get(name, ()):
        monkeypatch.setattr(module, look, blind)
    monkeypatch.setattr(owner, attribute, instead)
    with pytest.raises((AssertionError, pytest.fail.Exception, BaseExceptionGroup)):
        await proof(office, ref, tmp_path, clock)
