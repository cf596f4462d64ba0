"""`call` is one tool call from a script or a terminal: arguments, answers and questions as over the protocol."""

import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import click
import pytest

from invoice_mcp.cli.call import from_json, from_pairs
from invoice_mcp.domain.tools import TOOLS

from .offices import SELLER, Office, asked_at_a_terminal, at_a_terminal, environment, ledger

CANARY = "kanarie-9c41e2"


def test_values_stay_text_and_a_repeated_key_is_a_list() -> None:
    pairs = ["limit=5", "invoice_number=0042", "status=open", "status=paid", "text=a=b", "status=draft", "note="]
    assert from_pairs(pairs) == {
        "limit": "5",
        "invoice_number": "0042",
        "status": ["open", "paid", "draft"],
        "text": "a=b",
        "note": "",
    }


@pytest.mark.parametrize("pair", ["limit", "=5", ""])
def test_what_is_no_pair_is_a_usage_error(pair: str) -> None:
    with pytest.raises(click.UsageError, match="KEY=VALUE"):
        from_pairs([pair])


@pytest.mark.parametrize("given", ["", "{", "[1]", '"ref"', "NaN", '{"limit": NaN}', "5"])
def test_what_is_no_json_object_is_a_usage_error(given: str) -> None:
    with pytest.raises(click.UsageError, match="--json"):
        from_json(given)


def test_a_tool_reads_numbers_switches_lists_and_objects_out_of_text(office: Office) -> None:
    created = office.json(
        "call",
        "create_invoice",
        'buyer={"name": "0042 B.V.", "new": true}',
        'lines={"item_name": "Design", "net_price": "95.00", "quantity": 2}',
        'lines={"item_name": "Travel", "net_price": "12.10"}',
        "payment_terms_days=30",
        "prices_include_tax=true",
        "note=[sic]",
    )
    invoice = created["invoice"]
    assert invoice["buyer"]["name"] == "0042 B.V."
    assert [line["item_name"] for line in invoice["lines"]] == ["Design", "Travel"]
    assert (invoice["tax_inclusive_amount"], invoice["tax_basis"]) == ("202.10", "inclusive")
    assert invoice["note"] == "[sic]"
    found = office.json("call", "search_invoices", "status=draft", "status=open", "limit=1", "totals=false")
    assert len(found["rows"]) == 1
    assert "totals" not in found


def test_an_amount_is_never_a_float(office: Office) -> None:
    invoice = office.sent()
    paid = office.json("call", "register_payment", f"ref={invoice['ref']}", "amount=12.10")
    assert paid["after"]["payable_amount"] == "108.90"


def test_the_same_call_again_is_replayed(office: Office) -> None:
    ref = office.sent()["ref"]
    first = office.json("call", "register_payment", f"ref={ref}", "amount=21.00")
    again = office.json("call", "register_payment", f"ref={ref}", "amount=21")
    assert (first["outcome"], again["outcome"]) == ("done", "replayed")


def test_arguments_are_taken_as_one_json_object_too(office: Office, tmp_path: Path) -> None:
    office.sent()
    query = '{"status": ["unpaid"], "limit": 1}'
    (tmp_path / "query.json").write_text(query, encoding="utf-8")
    plain = office.json("call", "search_invoices", "--json", query)["rows"]
    assert plain[0][1] == "2026-0001"
    assert office.json("call", "search_invoices", "--json", f"@{tmp_path / 'query.json'}")["rows"] == plain
    piped = office.spawn("call", "search_invoices", "--json", "-", input=query)
    assert json.loads(piped.stdout)["rows"] == plain


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pay_invoice"], "'pay_invoice' is not one of"),
        ([], "Missing argument 'TOOL'"),
        (["get_invoice", "ref"], "KEY=VALUE"),
        (["get_invoice", "ref=a:b", "--json", "{}"], "not both"),
        (["get_invoice", "--json", "{"], "not JSON"),
        (["get_invoice", "--json", "@nowhere.json"], "nowhere.json: No such file"),
    ],
)
def test_a_command_line_that_means_nothing_is_code_2(arguments: list[str], words: str, office: Office) -> None:
    code, out, err = office.run("call", *arguments)
    assert (code, out) == (2, "")
    assert words in err


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        (["get_invoice", "invoice_number=2026-0099"], "not_found", "invoice_number"),
        (["get_invoice", "reff=ledger:inv_1"], "invalid_request", "reff"),
        (["get_invoice", "ref=elsewhere:inv_1"], "invalid_request", "ref"),
        (["search_invoices", "limit=1000"], "invalid_request", "limit"),
    ],
)
def test_a_refusal_is_printed_as_the_error_object_and_is_code_1(
    arguments: list[str], code: str, field: str, office: Office
) -> None:
    error = office.json("call", *arguments, code=1)["error"]
    assert (error["code"], error["field"]) == (code, field)
    assert error["next"]


def test_a_process_prints_one_line_of_json_and_nothing_else(office: Office) -> None:
    done = office.spawn("call", "search_invoices")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout)["columns"][0] == "ref"
    refused = office.spawn("call", "get_invoice", "invoice_number=1")
    assert (refused.returncode, refused.stderr) == (1, "")
    assert json.loads(refused.stdout)["error"]["code"] == "not_found"


def test_the_mode_of_the_account_holds_here_too(office: Office) -> None:
    office.configure(ledger("ledger", "mode = 'read_only'"))
    arguments = ["create_invoice", 'buyer={"name": "A", "new": true}', 'lines={"item_name": "B", "net_price": "1"}']
    assert office.json("call", *arguments, code=1)["error"]["code"] == "read_only"
    assert office.json("call", *arguments, "dry_run=true")["outcome"] == "preview"


def test_where_nobody_can_be_asked_what_is_final_needs_a_second_call(office: Office) -> None:
    ref = office.sent()["ref"]
    cancel = ["call", "change_phase", f"ref={ref}", "phase=cancelled", "expected_status=open"]
    error = office.json(*cancel, code=1)["error"]
    assert error["code"] == "confirmation_required"
    assert office.json(*cancel, f"confirmation={error['confirmation']}")["to"] == "cancelled"


def test_human_is_refused_where_nobody_can_be_asked(office: Office) -> None:
    ref = office.sent()["ref"]
    office.configure(ledger("ledger", "confirm = 'human'"), SELLER.format(name="ledger"))
    done = office.spawn("call", "register_payment", f"ref={ref}", stdin=subprocess.DEVNULL)
    assert json.loads(done.stdout)["error"]["code"] == "policy_refused"


@pytest.mark.parametrize("typed", [b"y\n", b"YES\n"])
def test_at_a_terminal_a_person_is_asked_and_yes_is_done(typed: bytes, office: Office) -> None:
    ref = office.sent()["ref"]
    code, out, shown = at_a_terminal(office.command("call", "register_payment", f"ref={ref}"), typed)
    assert code == 0
    assert json.loads(out)["after"]["status"] == "paid"
    assert "Register a payment of EUR 121.00" in shown
    assert '2026-0001 for "Acme B.V."' in shown


@pytest.mark.parametrize("typed", [b"n\n", b"\n", b"yep\n", b"\x04"], ids=["no", "enter", "else", "end"])
def test_at_a_terminal_anything_but_yes_is_no(typed: bytes, office: Office) -> None:
    ref = office.sent()["ref"]
    code, out, _ = at_a_terminal(office.command("call", "register_payment", f"ref={ref}"), typed)
    assert code == 1
    assert json.loads(out)["error"]["code"] == "declined"
    assert office.json("call", "get_invoice", f"ref={ref}")["paid_amount"] == "0.00"


def test_an_interrupt_at_the_question_ends_at_once_and_writes_nothing(office: Office) -> None:
    ref = office.sent()["ref"]
    with asked_at_a_terminal(office.command("call", "register_payment", f"ref={ref}")) as (process, person, _):
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        assert (process.returncode, out) == (130, b"")
        os.set_blocking(person, False)
        with suppress(BlockingIOError, OSError):
            assert b"Traceback" not in os.read(person, 4096)
    assert office.json("call", "get_invoice", f"ref={ref}")["paid_amount"] == "0.00"


def test_a_person_who_pipes_the_answer_elsewhere_still_reads_the_refusal(office: Office) -> None:
    person, program = pty.openpty()
    done = subprocess.run(
        office.command("call", "get_invoice", "invoice_number=7"),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=program,
        timeout=60,
    )
    os.close(program)
    shown = os.read(person, 4096).decode()
    os.close(person)
    error = json.loads(done.stdout)["error"]
    assert error["message"] in shown
    assert error["next"] in shown


def test_a_person_gets_the_answer_indented(office: Office) -> None:
    person, program = pty.openpty()
    subprocess.run(
        office.command("call", "search_invoices"),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=program,
        stderr=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    os.close(program)
    shown = os.read(person, 65536).decode()
    os.close(person)
    assert shown.startswith('{\r\n  "as_of": "2026-03-02')
    assert "search_invoices" not in shown


def test_the_help_names_every_tool(office: Office) -> None:
    code, out, _ = office.run("call", "--help")
    assert code == 0
    assert all(tool in out for tool in TOOLS)


@pytest.mark.usefixtures("ledger_only")
def test_nothing_of_a_credential_is_printed(office: Office) -> None:
    office.configure(
        ledger("ledger"),
        "[accounts.books]\nbackend = 'moneybird'\nadministration_id = '1'\nbase_url = 'http://127.0.0.1:1'\n"
        f"token = '{CANARY}'\n",
    )
    found = office.json("call", "search_invoices")
    assert [each["account"] for each in found["incomplete"]] == ["books"]
    error = office.json("call", "get_invoice", "ref=books:1", code=1)["error"]
    assert error["code"] == "unsupported"
    assert CANARY not in json.dumps([found, error])


def test_the_sdk_is_not_needed_for_a_call(office: Office) -> None:
    command = [sys.executable, "-X", "importtime", *office.command("call", "search_invoices")[1:]]
    done = subprocess.run(command, env=environment(), capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "apsw" in imported
    assert not imported & {"mcp", "rich", "jinja2", "aiosmtplib", "httpx"}


def test_the_document_of_an_invoice_is_written_to_a_file(office: Office) -> None:
    invoice = office.sent()
    page, text = office.folder / "invoice.html", office.folder / "invoice.TXT"
    answer = office.json("call", "get_invoice", f"ref={invoice['ref']}", "--document", str(page))
    office.json("call", "get_invoice", "invoice_number=2026-0001", "--document", str(text))

    assert answer["invoice_number"] == "2026-0001"
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert text.read_text(encoding="utf-8").startswith("Invoice 2026-0001\n=================\n")


def test_without_a_document_there_is_a_refusal_and_no_file(office: Office) -> None:
    ref = office.draft()["ref"]
    file = office.folder / "invoice.html"
    refusal = office.json("call", "get_invoice", f"ref={ref}", "--document", str(file), code=1)

    assert refusal["error"]["code"] == "not_found"
    assert not file.exists()


def test_a_document_goes_with_get_invoice_only_and_into_a_file_that_can_be_written(office: Office) -> None:
    code, _, err = office.run("call", "search_invoices", "--document", "x.html")
    assert (code, "--document goes with get_invoice" in err) == (2, True)
    ref = office.sent()["ref"]
    missing = office.folder / "nowhere" / "invoice.html"
    code, _, err = office.run("call", "get_invoice", f"ref={ref}", "--document", str(missing))
    assert (code, f"--document: {missing}: No such file or directory" in err) == (2, True)
