"""`buyers` shows who is on file, and takes a person's word that mail may go to an address; nothing else does."""

import json
import re
import subprocess

import pytest

from invoice_mcp.service.accounts import Account

from .offices import BOOKS, Office, at_a_terminal, ledger


def on_file(office: Office) -> dict[str, bool | None]:
    """Whether each buyer's address is confirmed, by name."""
    return {buyer["name"]: buyer["email_confirmed"] for buyer in office.json("buyers", "list", "--json")}


def test_a_buyer_from_a_call_waits_until_a_person_confirms(office: Office) -> None:
    buyer = office.draft()["buyer"]
    assert office.json("buyers", "list", "--json") == [
        {
            "account": "ledger",
            "id": buyer["id"],
            "name": "Acme B.V.",
            "email": "ap@acme.example",
            "email_confirmed": False,
        }
    ]
    done = office.spawn("buyers", "confirm", buyer["id"], "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "ap@acme.example (Acme B.V., account ledger): confirmed; mail may go there now.\n"
    assert on_file(office) == {"Acme B.V.": True}


def test_mail_goes_out_once_the_address_is_confirmed(office: Office) -> None:
    invoice = office.draft()
    send = ["call", "change_phase", f"ref={invoice['ref']}", "phase=sent", "deliver=email"]
    error = office.json(*send, code=1)["error"]
    assert f"invoice-mcp buyers confirm {invoice['buyer']['id']}" in error["next"]
    office.run("buyers", "confirm", invoice["buyer"]["id"], "--yes")
    assert office.json(*send)["delivery"] == {"channel": "outbox", "to": "ap@acme.example", "outcome": "queued"}


def test_only_those_that_wait_are_listed_on_request(office: Office) -> None:
    known = office.draft("Known B.V.")["buyer"]
    office.draft("Silent B.V.", email=None)
    waiting = office.draft("Waiting B.V.")["buyer"]
    office.run("buyers", "confirm", known["id"], "--yes")
    assert [buyer["id"] for buyer in office.json("buyers", "list", "--unconfirmed", "--json")] == [waiting["id"]]
    assert on_file(office) == {"Known B.V.": True, "Silent B.V.": None, "Waiting B.V.": False}


def test_the_table_names_everybody_and_what_waits(office: Office) -> None:
    buyer = office.draft("[red]Straße[/] B.V.")["buyer"]
    code, out, _ = office.run("buyers", "list")
    assert code == 0
    for words in (buyer["id"], "[red]Straße", "ap@acme.example", "waits"):
        assert words in out, words


def test_a_narrow_table_loses_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    buyer = office.draft("Bakkerij Jansen en Zonen B.V.")["buyer"]
    monkeypatch.setenv("COLUMNS", "50")
    out = office.run("buyers", "list")[1]
    assert max(map(len, out.splitlines())) <= 50
    for whole in (buyer["id"], buyer["name"], buyer["email"]):
        assert re.search(".*".join(map(re.escape, whole.replace(" ", ""))), out, re.DOTALL), whole


def test_an_empty_list_is_said_in_words(office: Office) -> None:
    assert office.run("buyers", "list")[1] == "No buyer is on file.\n"
    assert office.run("buyers", "list", "--unconfirmed")[1] == "No address waits to be confirmed.\n"


def test_confirming_twice_says_so_and_is_no_failure(office: Office) -> None:
    buyer = office.draft()["buyer"]
    first = office.json("buyers", "confirm", buyer["id"], buyer["id"], "--yes", "--json")
    again = office.json("buyers", "confirm", buyer["id"], "--yes", "--json")
    assert [each["outcome"] for each in first] == ["confirmed"]
    assert [each["outcome"] for each in again] == ["already_confirmed"]


def test_with_an_unknown_id_nobody_is_confirmed(office: Office) -> None:
    buyer = office.draft()["buyer"]
    code, out, err = office.run("buyers", "confirm", buyer["id"], "buy_nobody", "--yes")
    assert (code, out) == (1, "")
    assert err.startswith("invoice-mcp: No buyer has this id; none was confirmed.\n")
    assert on_file(office) == {"Acme B.V.": False}


def test_a_buyer_without_an_address_cannot_be_confirmed(office: Office) -> None:
    buyer = office.draft(email=None)["buyer"]
    code, _, err = office.run("buyers", "confirm", buyer["id"], "--yes")
    assert code == 1
    assert "Acme B.V. has no e-mail address on file" in err


def test_without_a_terminal_it_takes_yes(office: Office) -> None:
    buyer = office.draft()["buyer"]
    done = office.spawn("buyers", "confirm", buyer["id"], stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--yes" in done.stderr
    assert on_file(office) == {"Acme B.V.": False}


@pytest.mark.parametrize(("typed", "code", "confirmed"), [(b"y\n", 0, True), (b"n\n", 1, False)])
def test_at_a_terminal_the_name_and_the_address_are_shown_and_asked_about(
    typed: bytes, code: int, confirmed: bool, office: Office
) -> None:
    buyer = office.draft()["buyer"]
    found, out, shown = at_a_terminal(office.command("buyers", "confirm", buyer["id"]), typed)
    assert found == code
    assert "May mail go to ap@acme.example (Acme B.V., account ledger)?" in shown
    assert ("no mail goes there" in out) is not confirmed
    assert on_file(office) == {"Acme B.V.": confirmed}


@pytest.mark.usefixtures("ledger_only")
def test_accounts_are_searched_together_or_one_alone(office: Office) -> None:
    office.configure(ledger("ledger"), ledger("second"), BOOKS)
    first = office.draft("First B.V.")["buyer"]
    second = office.draft("Second B.V.", account="second")["buyer"]
    assert set(on_file(office)) == {"First B.V.", "Second B.V."}
    only = office.json("buyers", "list", "--json", "--account", "second")
    assert [(each["account"], each["id"]) for each in only] == [("second", second["id"])]
    assert office.run("buyers", "confirm", first["id"], "--account", "second", "--yes")[0] == 1
    done = office.json("buyers", "confirm", second["id"], first["id"], "--yes", "--json")
    assert [(each["account"], each["outcome"]) for each in done] == [("second", "confirmed"), ("ledger", "confirmed")]


@pytest.mark.usefixtures("ledger_only")
@pytest.mark.parametrize(
    ("account", "words"),
    [("nowhere", "There is no such account.\nUse one of: ledger, books."), ("books", "no adapter")],
)
def test_an_account_that_keeps_no_buyers_is_named(account: str, words: str, office: Office) -> None:
    office.configure(ledger("ledger"), BOOKS)
    code, out, err = office.run("buyers", "list", "--account", account)
    assert (code, out) == (1, "")
    assert words in err


def test_where_the_system_itself_keeps_the_addresses_it_is_said(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Account, "backend", lambda _account: object())
    assert office.json("buyers", "list", "--json") == []
    code, _, err = office.run("buyers", "list", "--account", "ledger")
    assert code == 1
    assert "are kept by its own system" in err


def test_no_tool_can_confirm_an_address(office: Office) -> None:
    office.draft()
    listed = office.spawn("call", "search_invoices")
    assert "email_confirmed" not in listed.stdout
    again = office.json(
        "call",
        "create_invoice",
        "--json",
        json.dumps(
            {
                "buyer": {"name": "Acme B.V.", "email": "ap@acme.example"},
                "lines": [{"item_name": "More", "net_price": "1.00"}],
            }
        ),
    )
    assert again["invoice"]["buyer"]["email_confirmed"] is False
