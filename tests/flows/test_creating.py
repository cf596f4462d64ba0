"""create_invoice on the ledger: whom it is for, what it adds up to, what it never does."""

from tests.flows.conftest import HeldClock, Office, code

LINE = {"item_name": "Design", "quantity": "1", "net_price": "100.00"}


async def test_a_new_invoice_is_a_draft_without_number_and_nothing_is_mailed(office: Office) -> None:
    invoice = await office.invoice(await office.draft())
    assert invoice["status"] == "draft"
    assert "invoice_number" not in invoice
    assert "issue_date" not in invoice
    assert (invoice["tax_exclusive_amount"], invoice["tax_amount"]) == ("100.00", "21.00")
    assert office.outbox() == []


async def test_an_unknown_buyer_is_not_added_unless_asked(office: Office) -> None:
    answer = await office.call("create_invoice", buyer={"name": "Nobody Ltd"}, lines=[LINE])
    assert code(answer) == "not_found"
    assert (await office.call("search_invoices"))["rows"] == []


async def test_several_buyers_are_candidates_and_nothing_is_written(office: Office) -> None:
    await office.draft("Acme North")
    await office.draft("Acme South")
    answer = await office.call("create_invoice", buyer={"name": "acme"}, lines=[LINE | {"net_price": "7"}])
    assert code(answer) == "ambiguous"
    assert [each["name"] for each in answer["error"]["candidates"]] == ["Acme North", "Acme South"]
    assert len((await office.call("search_invoices"))["rows"]) == 2


async def test_the_exact_name_wins_over_names_that_contain_it(office: Office) -> None:
    await office.draft("Acme")
    await office.draft("Acme South")
    ref = await office.draft("acme", price="8.00")
    assert (await office.invoice(ref))["buyer"]["name"] == "Acme"


async def test_a_new_buyer_never_takes_the_name_of_another(office: Office) -> None:
    await office.draft("Acme")
    answer = await office.call("create_invoice", buyer={"name": "ACME", "new": True}, lines=[LINE | {"net_price": "5"}])
    assert code(answer) == "ambiguous"
    assert answer["error"]["candidates"][0]["name"] == "Acme"


async def test_an_argument_never_changes_an_address_on_file(office: Office) -> None:
    ref = await office.draft("Acme")
    for change in ({"email": "thief@evil.example"}, {"address": {"city": "Elsewhere"}}, {"vat_identifier": "NL9"}):
        answer = await office.call(
            "create_invoice", buyer={"name": "Acme", **change}, lines=[LINE | {"net_price": "3"}]
        )
        assert code(answer) == "invalid_request", change
    assert (await office.invoice(ref))["buyer"]["email"] == "ap@acme.example"


async def test_prices_with_vat_keep_the_gross_that_was_typed(office: Office) -> None:
    lines = [{"item_name": "Course", "net_price": "99.99"}, {"item_name": "Book", "net_price": "0.02"}]
    ref = await office.draft(lines=lines, prices_include_tax=True)
    invoice = await office.invoice(ref)
    assert invoice["tax_inclusive_amount"] == "100.01"
    assert invoice["tax_basis"] == "inclusive"
    nets = [line["net_amount"] for line in invoice["lines"]]
    assert sum(round(float(net) * 100) for net in nets) == round(float(invoice["tax_exclusive_amount"]) * 100)


async def test_a_rate_of_zero_needs_its_reason(office: Office) -> None:
    await office.draft("Acme")
    refused = await office.call("create_invoice", buyer={"name": "Acme"}, lines=[LINE | {"tax_rate": "0"}])
    assert code(refused) == "invalid_request"
    assert refused["error"]["field"] == "lines[0].tax_category"
    ref = await office.draft("Acme", lines=[LINE | {"tax_rate": "0", "tax_category": "AE", "net_price": "11"}])
    assert (await office.invoice(ref))["taxes"][0]["tax_category"] == "AE"


async def test_a_total_below_zero_is_refused(office: Office) -> None:
    await office.draft("Acme")
    answer = await office.call("create_invoice", buyer={"name": "Acme"}, lines=[LINE | {"net_price": "-5"}])
    assert code(answer) == "invalid_request"


async def test_a_currency_without_decimals_is_written_without(office: Office) -> None:
    ref = await office.draft(price="1210", currency="JPY")
    assert (await office.invoice(ref))["tax_inclusive_amount"] == "1464"


async def test_a_copy_takes_buyer_lines_and_terms_and_what_is_given_replaces_them(
    office: Office, clock: HeldClock
) -> None:
    first = await office.sent(price="95.50", payment_terms_days=30, buyer_reference="PO-1", note="thanks")
    clock.advance(days=30)
    answer = await office.call("create_invoice", copy_of=first, payment_terms_days=7)
    copy = answer["invoice"]
    assert copy["tax_inclusive_amount"] == "115.56"
    assert "buyer_reference" not in copy
    assert "note" not in copy
    await office.call("change_phase", ref=copy["ref"], phase="sent", deliver="manual")
    sent = await office.invoice(copy["ref"])
    assert (sent["issue_date"], sent["due_date"]) == ("2026-04-01", "2026-04-08")


async def test_a_draft_is_edited_in_place_and_keeps_what_is_not_given(office: Office) -> None:
    ref = await office.draft(buyer_reference="PO-7", note="mind the gap")
    lines = [LINE | {"quantity": "3"}]
    answer = await office.call("create_invoice", replaces=ref, lines=lines)
    assert answer["invoice"]["ref"] == ref
    assert answer["invoice"]["tax_exclusive_amount"] == "300.00"
    assert answer["invoice"]["buyer_reference"] == "PO-7"
    assert answer["invoice"]["note"] == "mind the gap"
    assert len((await office.call("search_invoices"))["rows"]) == 1
    found = await office.call("search_invoices", text="design", amount_min="363", amount_max="363")
    assert len(found["rows"]) == 1


async def test_new_lines_keep_the_tax_basis_of_the_draft(office: Office) -> None:
    ref = await office.draft(price="121.00", prices_include_tax=True)
    answer = await office.call("create_invoice", replaces=ref, lines=[LINE | {"net_price": "242.00"}])
    assert answer["invoice"]["tax_inclusive_amount"] == "242.00"


async def test_a_draft_invoice_does_not_become_a_credit_note(office: Office) -> None:
    answer = await office.call("create_invoice", replaces=await office.draft(), kind="credit_note", lines=[LINE])
    assert code(answer) == "invalid_request"


async def test_an_issued_invoice_is_not_edited(office: Office) -> None:
    answer = await office.call("create_invoice", replaces=await office.sent(), lines=[LINE])
    assert code(answer) == "conflict"


async def test_a_credit_note_mirrors_its_invoice_and_settles_it(office: Office) -> None:
    ref = await office.sent(price="33.33")
    credit = await office.call("create_invoice", kind="credit_note", copy_of=ref)
    note = credit["invoice"]
    assert note["kind"] == "credit_note"
    original = await office.invoice(ref)
    for amount in ("tax_exclusive_amount", "tax_amount", "tax_inclusive_amount"):
        assert note[amount] == f"-{original[amount]}"
    assert note["credits"] == ref
    assert original["status"] == "open"  # a draft credit note takes nothing yet
    await office.call("change_phase", ref=note["ref"], phase="sent", deliver="manual")
    settled = await office.invoice(ref)
    assert (settled["status"], settled["payable_amount"]) == ("cancelled", "0.00")
    assert settled["credited_by"] == [note["ref"]]
    assert (await office.invoice(note["ref"]))["payable_amount"] == "0.00"


async def test_a_part_is_credited_and_never_more_than_the_invoice(office: Office) -> None:
    ref = await office.sent(price="100.00")
    part = await office.call("create_invoice", kind="credit_note", copy_of=ref, lines=[LINE | {"net_price": "40"}])
    await office.call("change_phase", ref=part["invoice"]["ref"], phase="sent", deliver="manual")
    after = await office.invoice(ref)
    assert (after["status"], after["payable_amount"], after["flags"]) == ("open", "72.60", ["credited", "not_mailed"])
    more = await office.call("create_invoice", kind="credit_note", copy_of=ref, lines=[LINE | {"net_price": "60.01"}])
    assert code(more) == "conflict"
    rest = await office.call("create_invoice", kind="credit_note", copy_of=ref, lines=[LINE | {"net_price": "60"}])
    await office.call("change_phase", ref=rest["invoice"]["ref"], phase="sent", deliver="manual")
    assert (await office.invoice(ref))["payable_amount"] == "0.00"


async def test_two_drafts_that_together_credit_too_much_are_caught_at_sending(office: Office) -> None:
    ref = await office.sent(price="100.00")
    lines = [LINE | {"net_price": "60"}]
    one = await office.call("create_invoice", kind="credit_note", copy_of=ref, lines=lines)
    other = await office.call("create_invoice", kind="credit_note", copy_of=ref, lines=[LINE | {"net_price": "61"}])
    first = await office.call("change_phase", ref=one["invoice"]["ref"], phase="sent", deliver="manual")
    assert first["outcome"] == "done"
    second = await office.call("change_phase", ref=other["invoice"]["ref"], phase="sent", deliver="manual")
    assert code(second) == "conflict"


async def test_crediting_a_paid_invoice_leaves_money_to_give_back(office: Office) -> None:
    ref = await office.sent(price="100.00")
    await office.call("register_payment", ref=ref)
    note = (await office.call("create_invoice", kind="credit_note", copy_of=ref))["invoice"]["ref"]
    await office.call("change_phase", ref=note, phase="sent", deliver="manual")
    assert (await office.invoice(note))["payable_amount"] == "-121.00"
    assert (await office.invoice(ref))["status"] == "paid"


async def test_a_look_alike_is_suspected_and_done_only_on_purpose(office: Office, clock: HeldClock) -> None:
    await office.draft("Acme", price="100.00")
    alike = {"buyer": {"name": "Acme"}, "lines": [LINE | {"item_name": "Other words"}]}
    suspected = await office.call("create_invoice", **alike)
    assert code(suspected) == "duplicate_suspected"
    meant = await office.call("create_invoice", **alike, repeat_of=suspected["error"]["operation"])
    assert meant["outcome"] == "done"
    clock.advance(days=8)
    later = await office.call("create_invoice", buyer={"name": "Acme"}, lines=[LINE | {"item_name": "Later"}])
    assert later["outcome"] == "done"


async def test_nothing_is_written_by_a_dry_run(office: Office) -> None:
    given = {"buyer": {"name": "Acme", "new": True}, "lines": [LINE]}
    preview = await office.call("create_invoice", **given, dry_run=True)
    assert preview["outcome"] == "preview"
    assert preview["invoice"]["tax_inclusive_amount"] == "121.00"
    assert preview["steps"][0]["body"]["lines"][0]["tax_rate"] == "21"
    assert (await office.call("search_invoices"))["rows"] == []
    done = await office.call("create_invoice", **given)
    assert done["outcome"] == "done"


async def test_hidden_characters_are_refused_before_anything_is_written(office: Office) -> None:
    for name in ("Ac\u202eme", "Ac\u200bme", "Acme\x00", "Acme\U000e0041"):
        answer = await office.call("create_invoice", buyer={"name": name, "new": True}, lines=[LINE])
        assert code(answer) == "invalid_request", ascii(name)
    assert (await office.call("search_invoices"))["rows"] == []
