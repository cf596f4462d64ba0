"""A dry run of every write, on every kind of system: nothing is written, and a real run does what was shown."""

import json
import re
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.backends import registry
from invoice_mcp.backends.base import Plan, StepResult, Write
from invoice_mcp.domain.results import render_body
from invoice_mcp.domain.text import clean_text
from tests.flows.conftest import HeldClock, Office
from tests.flows.desks import CASES, POSSIBLE, Arguments, Desk, at, tools_of
from tests.flows.vendors import Vendor


async def rehearsed(desk: Desk, name: str) -> None:
    """A dry run writes nothing and shows everything; the real run takes the steps that were shown."""
    tool, prepare = CASES[name]
    arguments = await prepare(desk)
    before = desk.contents()
    vendor = desk.vendor
    written = [] if vendor is None else vendor.written
    asked = len(desk.office.person.asked)

    answer = await desk.call(tool, **arguments, dry_run=True)
    [preview] = answer.get("receipts", [answer])
    assert desk.contents() == before
    assert vendor is None or vendor.written == written
    assert len(desk.office.person.asked) == asked
    assert preview["outcome"] == "preview"
    steps = preview["steps"]
    assert steps
    for step in steps:
        assert step["method"] in ("POST", "PUT", "PATCH", "DELETE", "MAIL")
        assert step["path"].startswith("/")
        assert isinstance(step["body"], dict)
    assert preview["after"]["status"]
    assert {"payable_amount", "tax_inclusive_amount"} & preview["after"].keys()

    received = 0 if vendor is None else len(vendor.proxy.received)
    outbox = len(desk.office.outbox())
    done = await desk.call(tool, **arguments)
    [told] = done.get("receipts", [done])
    assert told["outcome"] in ("done", "sent", "queued"), told
    if vendor is not None:
        by_mail = [step for step in steps if step["method"] == "MAIL"]
        steps_shown = [shown(step, told) for step in steps if step not in by_mail]
        assert _cut_like(steps_shown, sent(vendor, received)) == steps_shown
        assert mailed(desk.office)[outbox:] == [_letter(step["body"]) for step in by_mail]
    if name == "discarded":
        assert preview["after"]["status"] == "cancelled"
        return
    ref = told["invoice"]["ref"] if tool == "create_invoice" else arguments.get("ref") or arguments["refs"][0]
    now = await desk.office.invoice(ref)
    for fact, value in preview["after"].items():
        assert value.lstrip("-") == now.get(fact, "0.00").lstrip("-"), (fact, preview["after"], now)


def sent(vendor: Vendor, since: int) -> list[tuple[str, str, Any]]:
    """Method, path below the account and body of the writes the vendor got."""
    written = vendor.writes(since)
    return [(each.method, vendor.path(each.path), _plain(each.body.decode() or "{}")) for each in written]


def mailed(office: Office) -> list[tuple[str, str, str]]:
    """To whom, about what and in what words mail left from here, in the order it did."""
    waiting = sorted(office.outbox(), key=lambda path: path.stat().st_mtime_ns)
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in waiting]
    texts = [mail.get_body(("plain",)) for mail in mails]
    return [
        _letter({"recipient": mail["To"], "subject": mail["Subject"], "text": text.get_content()})
        for mail, text in zip(mails, texts, strict=True)
    ]


def _letter(body: Arguments) -> tuple[str, str, str]:
    """What a mail says, as far as a preview shows it."""
    plain = render_body({name: body[name].strip() for name in ("recipient", "subject", "text")})
    return plain["recipient"], plain["subject"], plain["text"]


def shown(step: dict[str, Any], told: dict[str, Any]) -> tuple[str, str, Any]:
    """A step of a preview, with what only the step before it tells."""
    refs = {"invoice": told.get("invoice", {}).get("ref"), "credit_note": told.get("credit_note")}
    known = told | {name: str(ref).partition(":")[2] for name, ref in refs.items()}

    def filled(text: str) -> str:
        return re.sub(r"\{([a-z_]+)\}", lambda name: str(known[name[1]]), text)

    return step["method"], filled(step["path"]), _plain(filled(json.dumps(step["body"])))


def _plain(body: str) -> Any:
    """A body without marks of one operation, its numbers as text."""
    return json.loads(re.sub(r"op_[0-9]+", "op", body), parse_int=str, parse_float=str)


def _cut_like(preview: Any, whole: Any) -> Any:
    """`whole`, with texts no longer than the preview has them."""
    if isinstance(preview, str) and isinstance(whole, str):
        said = preview.removesuffix("…")
        return preview if said != preview and clean_text(whole, len(whole)).startswith(said) else whole
    if isinstance(preview, dict) and isinstance(whole, dict):
        return {name: _cut_like(preview.get(name), each) for name, each in whole.items()}
    if isinstance(preview, list | tuple) and isinstance(whole, list | tuple) and len(preview) == len(whole):
        return type(whole)(_cut_like(short, each) for short, each in zip(preview, whole, strict=True))
    return whole


async def everything_rehearsed(desk: Desk) -> None:
    """Every write that the system can do."""
    for name in (name for name in CASES if name in POSSIBLE[desk.system]):
        try:
            await rehearsed(desk, name)
        except AssertionError as error:
            error.add_note(f"this was {name}, at {desk.system}")
            raise


def test_every_write_of_every_system_is_rehearsed() -> None:
    assert set(POSSIBLE) == set(registry.ADAPTERS)
    for system, names in POSSIBLE.items():
        tools = {CASES[name][0] for name in names if name != "paid, as a phase"}
        assert tools == tools_of(system), system


@pytest.mark.parametrize("system", POSSIBLE)
async def test_a_real_run_does_what_the_dry_run_showed(tmp_path: Path, clock: HeldClock, system: str) -> None:
    async with at(system, tmp_path, clock) as desk:
        await everything_rehearsed(desk)


async def test_a_real_run_that_plans_something_else_is_noticed(
    tmp_path: Path, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at("moneybird", tmp_path, clock) as desk:
        backend = desk.office.services.accounts.get("books").backend()
        plan = backend.plan

        async def another(write: Write) -> Plan:
            planned = await plan(write)
            if write.request.dry_run or write.identity.tool != "register_payment":
                return planned
            [step] = planned.steps
            payment = {**step.body["payment"], "price": "1.00"}
            return replace(planned, steps=(replace(step, body={"payment": payment}),))

        monkeypatch.setattr(backend, "plan", another)
        with pytest.raises(AssertionError):
            await rehearsed(desk, "a payment in full")


@pytest.mark.parametrize("system", POSSIBLE)
async def test_a_dry_run_that_writes_is_noticed(
    tmp_path: Path, clock: HeldClock, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at(system, tmp_path, clock) as desk:
        backend = desk.office.services.accounts.get(desk.account).backend()
        foresee = backend.foresee

        async def eager(plan: Plan) -> Any:
            foreseen = await foresee(plan)
            await backend.begin(plan.steps)
            done: list[StepResult] = []
            for step in plan.steps:
                done.append(await backend.perform(step, done))
            return foreseen

        monkeypatch.setattr(backend, "foresee", eager)
        with pytest.raises(AssertionError):
            await rehearsed(desk, "a payment in full" if system == "next" else "a new invoice")
