"""`phases` lists what the tenant has, and says which of it nobody has mapped."""

import json

from invoice_mcp.cli import run

from .desks import Desk


def test_the_phases_of_a_tenant_are_listed(desk: Desk) -> None:
    assert desk.setup("tribe", "--set", 'phases={ Paid = "paid" }')[0] == 0
    assert run(["--config", str(desk.file), "phases", "tribe", "--json"]) == 0
    found = {each["label"]: each["phase"] for each in json.loads(desk.capsys.readouterr().out)}
    assert found["Paid"] == "paid"
    assert set(found) > {"Draft", "Sent", "Cancelled"}
    assert {phase for label, phase in found.items() if label != "Paid"} == {None}
    assert run(["--config", str(desk.file), "phases", "tribe"]) == 0
    assert "not mapped" in desk.capsys.readouterr().out


def test_a_system_without_phases_says_so_and_an_account_has_to_exist(desk: Desk) -> None:
    assert desk.setup("ysuite")[0] == 0
    assert run(["--config", str(desk.file), "phases", "ysuite"]) == 0
    assert desk.capsys.readouterr().out == "The system of account ysuite tells no phases.\n"
    assert run(["--config", str(desk.file), "phases", "nobody"]) == 1
    assert "no such account" in desk.capsys.readouterr().err
