"""change_phase on the ledger: compare and set, numbers without gaps, nothing final by accident."""

import pytest

from tests.flows.conftest import HeldClock, Office, code


async def test_numbers_are_given_at_sending_in_order_and_without_gaps(office: Office) -> None:
    first, skipped, second = [await office.draft(price=price) for price in ("1.00", "2.00", "3.00")]
    await office.call("change_phase", ref=second, phase="sent", deliver="manual")
    await office.agreed("change_phase", ref=skipped, phase="cancelled", expected_status="draft")
    await office.call("change_phase", ref=first, phase="sent", deliver="manual")
    numbers = [(await office.invoice(ref)).get("invoice_number") for ref in (second, first, skipped)]
    assert numbers == ["2026-0001", "2026-0002", None]


async def test_a_dry_run_takes_no_number(office: Office) -> None:
    ref = await office.draft()
    preview = await office.call("change_phase", ref=ref, phase="sent", deliver="manual", dry_run=True)
    assert preview["invoice"]["invoice_number"] == "2026-0001"
    assert preview["final"]
    other = await office.sent(price="5.00")
    assert (await office.invoice(other))["invoice_number"] == "2026-0001"


async def test_a_new_year_counts_from_one(office: Office, clock: HeldClock) -> None:
    await office.sent(price="1.00")
    clock.advance(days=365)
    ref = await office.sent(price="2.00")
    assert (await office.invoice(ref))["invoice_number"] == "2027-0001"


async def test_dates_never_run_against_numbers(office: Office) -> None:
    await office.sent(price="1.00")
    early = await office.draft(price="2.00", issue_date="2026-03-01")
    assert code(await office.call("change_phase", ref=early, phase="sent", deliver="manual")) == "conflict"
    late = await office.draft(price="3.00", issue_date="2026-03-03")
    assert code(await office.call("change_phase", ref=late, phase="sent", deliver="manual")) == "conflict"
    ref = await office.sent(price="4.00")
    assert (await office.invoice(ref))["invoice_number"] == "2026-0002"


async def test_sending_needs_to_be_told_how(office: Office) -> None:
    ref = await office.draft()
    assert code(await office.call("change_phase", ref=ref, phase="sent")) == "invalid_request"
    refused = await office.call("change_phase", ref=ref, phase="paused", deliver="email")
    assert code(refused) == "invalid_request"


async def test_what_is_there_already_is_done_and_unchanged(office: Office) -> None:
    ref = await office.sent()
    again = await office.call("change_phase", ref=ref, phase="sent", deliver="manual")
    assert (again["outcome"], again["changed"], again["from"], again["to"]) == ("done", False, "open", "open")


async def test_pause_resume_pause_pauses(office: Office) -> None:
    ref = await office.sent()
    for phase, flags in (("paused", ["paused"]), ("resumed", []), ("paused", ["paused"])):
        answer = await office.call("change_phase", ref=ref, phase=phase)
        assert (answer["outcome"], answer["changed"]) == ("done", True), phase
        assert [flag for flag in answer["invoice"]["flags"] if flag != "not_mailed"] == flags


async def test_resumed_lifts_dubious_too(office: Office) -> None:
    ref = await office.sent()
    await office.call("change_phase", ref=ref, phase="dubious")
    assert "dubious" in (await office.invoice(ref))["flags"]
    await office.call("change_phase", ref=ref, phase="resumed")
    assert "dubious" not in (await office.invoice(ref))["flags"]


@pytest.mark.parametrize("phase", ["uncollectible", "cancelled"])
async def test_what_is_final_needs_the_expected_status(office: Office, phase: str) -> None:
    ref = await office.sent()
    assert code(await office.call("change_phase", ref=ref, phase=phase)) == "invalid_request"
    stale = await office.call("change_phase", ref=ref, phase=phase, expected_status="overdue")
    assert code(stale) == "conflict"
    assert (await office.invoice(ref))["status"] == "open"


async def test_a_sent_invoice_is_cancelled_by_a_credit_note_over_all_of_it(office: Office) -> None:
    ref = await office.sent(price="33.33")
    answer = await office.agreed("change_phase", ref=ref, phase="cancelled", expected_status="open")
    assert (answer["from"], answer["to"], answer["changed"]) == ("open", "cancelled", True)
    note = await office.invoice(answer["credit_note"])
    assert (note["invoice_number"], note["tax_inclusive_amount"]) == ("2026-0002", "-40.33")
    assert note["status"] == "paid"


async def test_an_invoice_with_payments_is_not_cancelled(office: Office) -> None:
    ref = await office.sent()
    await office.call("register_payment", ref=ref, amount="1")
    answer = await office.call("change_phase", ref=ref, phase="cancelled", expected_status="partially_paid")
    assert code(answer) == "conflict"
    assert "undo_payment_id" in answer["error"]["next"]


async def test_an_impossible_target_is_refused_with_what_is_possible(office: Office) -> None:
    ref = await office.draft()
    answer = await office.call("change_phase", ref=ref, phase="dubious")
    assert code(answer) == "conflict"
    assert "sent, cancelled" in answer["error"]["next"]


async def test_a_phase_of_another_system_is_unsupported(office: Office) -> None:
    ref = await office.sent()
    for phase, arguments in (("scheduled", {"deliver": "email", "on": "2026-04-01"}), ("Approved", {})):
        assert code(await office.call("change_phase", ref=ref, phase=phase, **arguments)) == "unsupported", phase


async def test_without_the_sellers_details_nothing_is_sent(office: Office) -> None:
    text = (
        'default_account = "ledger"\nstate_dir = "state"\n[accounts.ledger]\nbackend = "ledger"\nmode = "full"\n'
        'path = "bare.db"\ntax_rate = "21"\n'
    )
    from invoice_mcp.service.app import Services
    from invoice_mcp.settings import parse_settings

    office.settings = parse_settings(text, office.folder)
    bare, office.services = Services(office.settings, office.clock), office.services
    full, office.services = office.services, bare
    try:
        ref = await office.draft()
        answer = await office.call("change_phase", ref=ref, phase="sent", deliver="manual")
        assert code(answer) == "policy_refused"
        assert "accounts.ledger.seller" in answer["error"]["next"]
        assert "iban" in answer["error"]["next"]
    finally:
        await bare.close()
        office.services = full
