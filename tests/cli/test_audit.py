"""`invoice-mcp audit`: what was written and refused, for a person and for a program."""

from tests.cli.offices import Office, ledger


def test_nothing_happened_yet(office: Office) -> None:
    assert office.run("audit") == (0, "Nothing has been written or refused yet.\n", "")
    assert office.json("audit", "--json") == []


def test_writes_and_refusals_are_listed_newest_first(office: Office) -> None:
    ref = office.sent()["ref"]
    office.run("call", "register_payment", f"ref={ref}", "amount=9999")
    found = office.json("audit", "--json")
    assert [(each["tool"], each["outcome"]) for each in found] == [
        ("register_payment", "invalid_request"),
        ("change_phase", "done"),
        ("change_phase", "begun"),
        ("create_invoice", "done"),
        ("create_invoice", "begun"),
    ]
    assert found[0].keys() == {"at", "client", "tool", "account", "ref", "outcome"}
    assert found[1]["operation"] == found[2]["operation"]
    assert {each["client"] for each in found} == {"invoice-mcp call"}
    assert office.json("audit", "--json", "--limit", "1") == found[:1]
    code, table, _ = office.run("audit")
    assert code == 0
    for word in ("When, client", "invoice-mcp call", "invalid_request", ref, found[1]["operation"]):
        assert word in table


def test_one_account_can_be_asked_for_and_an_unknown_one_is_an_error(office: Office) -> None:
    office.configure(ledger("ledger"), ledger("second"))
    office.draft(account="ledger")
    office.draft(account="second")
    assert {each["account"] for each in office.json("audit", "--json", "--account", "second")} == {"second"}
    code, out, err = office.run("audit", "--account", "third")
    assert (code, out) == (1, "")
    assert "There is no such account." in err
