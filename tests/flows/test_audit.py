"""Every write and every refusal is a row that nobody can take back, and no row says what an invoice says."""

import json
import logging
import re
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import apsw
import pytest

from invoice_mcp.errors import InvoiceError, StorageFailed
from invoice_mcp.service import carrying
from invoice_mcp.service.audit import Audit, Entry
from invoice_mcp.storage import state_schema
from invoice_mcp.storage.engine import Database
from tests.flows.conftest import HeldClock, Office, Person, code

LINE = {"item_name": "PLANTED item", "description": "PLANTED words", "quantity": "1", "net_price": "100.00"}
BUYER = {"name": "PLANTED B.V.", "email": "planted@acme.example", "new": True}


async def rows(office: Office) -> list[tuple[str, str | None, str]]:
    """Tool, ref and outcome of every row, in their order."""
    return [(each.tool, each.ref, each.outcome) for each in (await office.services.audit.latest(1000))[::-1]]


async def test_what_happens_and_what_is_refused_is_on_record_in_order(office: Office, clock: HeldClock) -> None:
    unknown = await office.call("create_invoice", buyer={"name": "Nobody"}, lines=[LINE])
    assert code(unknown) == "not_found"
    made = await office.call("create_invoice", buyer=BUYER, lines=[LINE], note="PLANTED note")
    ref = made["invoice"]["ref"]
    assert (await office.call("create_invoice", buyer=BUYER, lines=[LINE], dry_run=True))["error"]["code"]
    await office.call("create_invoice", buyer={"name": "PLANTED B.V."}, lines=[LINE], idempotency_key="PLANTED-key")
    await office.call("change_phase", ref=ref, phase="sent", deliver="manual")
    await office.call("change_phase", ref=ref, phase="sent", deliver="manual")
    await office.call("register_payment", ref=ref, amount="1", reference="PLANTED reference", method="PLANTED")
    await office.call("register_payment", ref=ref, amount="1", reference="PLANTED reference", method="PLANTED")
    await office.call("register_payment", ref=ref, amount="9999")
    await office.call("register_payment", ref=ref, amount="2", dry_run=True)
    gone = "ledger:inv_100000000000000000"
    await office.call("send_reminder", refs=[ref, gone])
    grave: dict[str, Any] = {"ref": ref, "phase": "uncollectible", "expected_status": "partially_paid"}
    await office.call("change_phase", **grave)
    office.person = Person(will=False)
    await office.call("change_phase", **grave)
    await office.call("change_phase", **{**grave, "phase": "paid"}, on="2026-03-02")
    await office.call("register_payment", ref="nowhere:1", reference="PLANTED")
    await office.call("change_phase", ref=ref, phase="paused", unknown="PLANTED")
    assert await rows(office) == [
        ("create_invoice", None, "not_found"),
        ("create_invoice", None, "begun"),
        ("create_invoice", ref, "done"),
        ("create_invoice", None, "duplicate_suspected"),
        ("change_phase", ref, "begun"),
        ("change_phase", ref, "done"),
        ("change_phase", ref, "done"),
        ("register_payment", ref, "begun"),
        ("register_payment", ref, "done"),
        ("register_payment", ref, "replayed"),
        ("register_payment", ref, "invalid_request"),
        ("send_reminder", ref, "skipped"),
        ("send_reminder", gone, "not_found"),
        ("change_phase", ref, "confirmation_required"),
        ("change_phase", ref, "asked"),
        ("change_phase", ref, "declined"),
        ("change_phase", ref, "invalid_request"),
        ("register_payment", None, "invalid_request"),
        ("change_phase", None, "invalid_request"),
    ]
    with_operation = [each for each in await office.services.audit.latest(1000) if each.outcome in ("begun", "done")]
    assert len({each.operation for each in with_operation} - {None}) == 3
    assert all(each.at == "2026-03-02T09:00:00Z" and each.client == "test" for each in with_operation)
    told = json.dumps([repr(each) for each in await office.services.audit.latest(1000)])
    for hidden in ("PLANTED", "planted", "121", "Acme", "9999"):
        assert not re.search(rf"(?<![0-9]){hidden}(?![0-9])", told), hidden  # an id may hold the digits of an amount


async def test_a_reminder_that_the_mail_server_refused_is_told_apart(
    tmp_path: Path, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, clock)
    ref = await office.sent()
    await office.confirm_buyers()
    clock.advance(days=20)
    (tmp_path / "state" / "outbox").parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "state" / "outbox").write_text("no folder", encoding="utf-8")
    receipt = (await office.call("send_reminder", refs=[ref]))["receipts"][0]
    assert receipt["reason"] == "mail_refused"
    assert (await rows(office))[-2:] == [("send_reminder", ref, "begun"), ("send_reminder", ref, "mail_refused")]
    await office.services.close()


async def test_a_write_that_is_cut_off_stays_begun(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = await office.sent()

    async def cut_off(*_: object) -> None:
        raise RuntimeError("the power fails")

    monkeypatch.setattr(carrying, "perform", cut_off)
    with pytest.raises(RuntimeError):
        await office.call("register_payment", ref=ref)
    assert (await rows(office))[-1] == ("register_payment", ref, "begun")


async def test_what_cannot_be_put_on_record_is_not_written(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = await office.sent()

    async def full(*_: object) -> bool:
        raise StorageFailed("The disk is full.", next="Make room.")

    monkeypatch.setattr(office.services.audit, "begin", full)
    assert code(await office.call("register_payment", ref=ref)) == "storage"
    assert "payments" not in await office.invoice(ref)


async def test_a_write_that_was_done_is_told_although_its_last_row_is_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ref = await office.sent()

    async def full(*_: object) -> None:
        raise StorageFailed("The disk is full.", next="Make room.")

    monkeypatch.setattr(office.services.audit, "add", full)
    with caplog.at_level(logging.ERROR):
        assert (await office.call("register_payment", ref=ref))["outcome"] == "done"
    assert "the audit lacks 1 rows" in caplog.text
    assert (await rows(office))[-1] == ("register_payment", ref, "begun")


async def test_a_client_cannot_break_its_name_over_lines(office: Office) -> None:
    class Named(Person):
        client = "Claude\n2026-03-02 done \u202e" + "x" * 200

    office.person = Named()
    await office.call("register_payment", ref="nowhere:1")
    [entry] = await office.services.audit.latest(1)
    assert entry.client.startswith("Claude 2026-03-02 done x")
    assert len(entry.client) <= 100


TAMPERINGS = {
    "delete": "DELETE FROM audit",
    "delete one": "DELETE FROM audit WHERE seq = 1",
    "update": "UPDATE audit SET outcome = 'done'",
    "update the time": "UPDATE audit SET at = '2020-01-01T00:00:00Z' WHERE seq = 1",
    "replace": "INSERT OR REPLACE INTO audit VALUES (1, '2020', 'c', 't', 'a', NULL, 'done', NULL)",
    "upsert": "INSERT INTO audit VALUES (1, '2020', 'c', 't', 'a', NULL, 'done', NULL) "
    "ON CONFLICT DO UPDATE SET outcome = 'done'",
    "update or replace": "UPDATE OR REPLACE audit SET seq = 2 WHERE seq = 1",
}
TRIGGERS = {"DELETE": "audit_forgets_nothing", "UPDATE": "audit_changes_nothing", "INSERT": "audit_replaces_nothing"}


@pytest.fixture
async def filled(tmp_path: Path, clock: HeldClock) -> Path:
    """The file of an audit with two rows."""
    office = Office(tmp_path, clock)
    for _ in range(2):
        await office.call("register_payment", ref="nowhere:1")
    await office.services.close()
    return tmp_path / "state" / "state.db"


def stands(path: Path, tampering: str) -> bool:
    """Whether the audit is what it was after somebody tried to change it."""
    with closing(apsw.Connection(str(path))) as connection:
        before = connection.execute("SELECT * FROM audit").get
        with suppress(apsw.ConstraintError):
            connection.execute(tampering)
        return bool(connection.execute("SELECT * FROM audit").get == before)


@pytest.mark.parametrize("tampering", TAMPERINGS.values(), ids=TAMPERINGS)
def test_a_row_is_neither_changed_nor_taken_back(filled: Path, tampering: str) -> None:
    assert stands(filled, tampering)


@pytest.mark.parametrize("kind", TRIGGERS)
def test_each_trigger_is_needed(filled: Path, kind: str) -> None:
    with closing(apsw.Connection(str(filled))) as connection:
        connection.execute(f"DROP TRIGGER {TRIGGERS[kind]}")
    tampering = next(sql for sql in TAMPERINGS.values() if sql.startswith(kind))
    assert not stands(filled, tampering)


async def test_a_state_file_from_before_the_audit_is_brought_forward_with_its_operations(
    tmp_path: Path, clock: HeldClock
) -> None:
    path = tmp_path / "state.db"
    make = {"path": path, "application_id": state_schema.APPLICATION_ID}
    [before] = [number for number, sql in enumerate(state_schema.MIGRATIONS) if "CREATE TABLE audit" in sql]
    old = Database(**make, migrations=state_schema.MIGRATIONS[:before])
    operation = ("op_1", "books", "create_invoice", "f", "done", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
    columns = "(id, account, tool, fingerprint, state, deadline_at, at)"
    await old.write(
        lambda connection: connection.execute(f"INSERT INTO operations {columns} VALUES (?,?,?,?,?,?,?)", operation)
    )
    await old.close()
    new = Database(**make, migrations=state_schema.MIGRATIONS)
    audit = Audit(new, clock)
    await audit.add([audit.entry("c", "create_invoice", "books", None, "done", "op_2")])
    [entry] = await audit.latest(10)
    assert entry == Entry("2026-03-02T09:00:00Z", "c", "create_invoice", "books", None, "done", "op_2")
    assert await new.read(lambda connection: connection.execute("SELECT id FROM operations").get) == "op_1"
    await new.close()


@pytest.mark.parametrize("error", InvoiceError.__subclasses__(), ids=lambda error: error.code)
async def test_every_refusal_there_is_leaves_its_code(
    office: Office, monkeypatch: pytest.MonkeyPatch, error: type[InvoiceError]
) -> None:
    async def refuse(*_: object) -> None:
        raise error("PLANTED", next="PLANTED")

    monkeypatch.setattr(office.services.accounts.get("ledger").backend(), "plan", refuse)
    assert code(await office.call("register_payment", ref="ledger:inv_1")) == error.code
    assert await rows(office) == [("register_payment", "ledger:inv_1", error.code)]
