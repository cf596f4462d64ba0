"""What is wrong with an account is told at its first question, each in words of its own; and what that costs."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from invoice_mcp.cli import run
from invoice_mcp.sandbox import faults
from invoice_mcp.sandbox.moneybird import seeds as moneybird_seeds
from invoice_mcp.sandbox.next_project import seeds as next_seeds
from invoice_mcp.sandbox.productive import seeds as productive_seeds
from invoice_mcp.sandbox.runner import running_in_thread
from invoice_mcp.sandbox.ysuite import seeds as ysuite_seeds
from invoice_mcp.settings import load_settings

from .desks import ANSWERS, CLOCK, DOUBLES, TOKENS, WRONG, Desk, double


@dataclass(frozen=True)
class Mistake:
    """Something wrong with what was given, and what is said of it."""

    vendor: str
    said: str
    answers: list[str] = field(default_factory=list)
    at: str = ""
    path: str | None = None


MB, PR, TR, YS, NX = ANSWERS.values()
MISTAKES = {
    "moneybird, token": Mistake("moneybird", "accounts.a.token: mistyped, revoked or expired", [MB[0], WRONG]),
    "moneybird, administration": Mistake("moneybird", "does not open the administration", ["123", MB[1]]),
    "moneybird, administration, as 401": Mistake(
        "moneybird", "does not open the administration", ["123", MB[1]], at="moneybird saying 401"
    ),
    "moneybird, administration, as 403": Mistake(
        "moneybird", "does not open the administration", ["123", MB[1]], at="moneybird saying 403"
    ),
    "moneybird, expired": Mistake("moneybird", "says that accounts.a.token expired", at="moneybird when expired"),
    "tribe, expired": Mistake(
        "tribe", "says that accounts.a.client_id and accounts.a.client_secret expired", at="tribe when expired"
    ),
    "moneybird, scope": Mistake(
        "moneybird", "is not allowed to see sales invoices", [MB[0], moneybird_seeds.TOKEN_WITHOUT_INVOICES]
    ),
    "moneybird, host": Mistake("moneybird", "something answers that is not Moneybird", path="/api/v1"),
    "productive, token": Mistake(
        "productive", "accounts.a.token: mistyped, revoked or of somebody who was deactivated", [PR[0], WRONG]
    ),
    "productive, organisation": Mistake("productive", "belongs to nobody in the organisation", ["987", PR[1]]),
    "productive, permission": Mistake(
        "productive", "does not open invoices", [PR[0], productive_seeds.TOKEN_WITHOUT_INVOICES]
    ),
    "productive, host": Mistake("productive", "something answers that is not Productive", path="/api/v1"),
    "tribe, client": Mistake("tribe", "accounts.a.client_id and accounts.a.client_secret: mistyped", [TR[0], WRONG]),
    "tribe, module": Mistake("tribe", "its Billing module is off", at="tribe without billing"),
    "tribe, host": Mistake("tribe", "something answers that is not Tribe CRM", path="/elsewhere"),
    "ysuite, keys": Mistake("ysuite", "accounts.a.access_key and accounts.a.secret_key: mistyped", [*YS[:2], WRONG]),
    "ysuite, add-on": Mistake(
        "ysuite", "has no add-on for this", ["EUR", ysuite_seeds.ACCESS_KEY_WITHOUT_ADD_ON, YS[2]]
    ),
    "ysuite, organisation": Mistake(
        "ysuite", "may belong to no organisation", ["EUR", ysuite_seeds.ACCESS_KEY_WITHOUT_ORGANISATION, YS[2]]
    ),
    "ysuite, host": Mistake("ysuite", "something answers that is not YSuite", path="/elsewhere"),
    "next, token": Mistake("next", "accounts.a.token: mistyped or revoked", ["SEK", "nobody's"]),
    "next, revoked": Mistake("next", "it was revoked, or Next is closed for maintenance", ["SEK", WRONG]),
    "next, right": Mistake("next", "keeps the account's token out", ["SEK", next_seeds.TOKEN_WITHOUT_INVOICES]),
    "next, host": Mistake("next", "something answers that is not Next", path="/v9"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_and_leaves_nothing_behind(name: str, desk: Desk) -> None:
    wrong = MISTAKES[name]
    where = desk.address(wrong.vendor, wrong.at, wrong.path)
    if wrong.vendor == "tribe" and wrong.path:
        where[3] = f"token_url={desk.doubles['tribe'].url}{TOKENS}"
    answers = wrong.answers or ANSWERS[wrong.vendor]
    code, out, err = desk.setup(wrong.vendor, "--account", "a", *where, answers=answers)
    assert (code, out) == (1, "")
    assert wrong.said in err
    others = {each.said for each in MISTAKES.values() if each.vendor == wrong.vendor} - {wrong.said}
    assert not any(said in err for said in others)
    for answer in answers[1:]:
        assert answer not in err
    assert not desk.file.exists()
    assert not any((desk.folder / "secrets").glob("*"))


def test_a_token_of_another_environment_is_told_from_a_wrong_client(desk: Desk) -> None:
    where = desk.address("tribe")
    where[3] = f"token_url={desk.doubles['tribe elsewhere'].url}{TOKENS}"
    code, _, err = desk.setup("tribe", "--account", "a", *where)
    assert code == 1
    assert "gave account a a token and does not accept it" in err
    assert "accounts.a.base_url and accounts.a.token_url" in err


def test_a_client_that_may_not_have_the_scope_is_told_so(desk: Desk) -> None:
    desk.monkeypatch.setattr("invoice_mcp.backends.tribe.connect.SCOPE", "everything")
    code, _, err = desk.setup("tribe", "--account", "a")
    assert code == 1
    assert "which is not allowed to read and write" in err


def test_a_host_that_is_not_there_and_one_that_shows_a_page_are_told(desk: Desk) -> None:
    with running_in_thread(double("moneybird")) as gone:
        url = gone.url
    code, _, err = desk.setup("moneybird", "--set", f"base_url={url}/api/v2", "--set", "timeout_s=2")
    assert code == 1
    assert "cannot be reached" in err
    assert "Check accounts.moneybird.base_url" in err
    desk.doubles["moneybird"].plan(faults.HTML_200)
    code, _, err = desk.setup("moneybird")
    assert code == 1
    assert "is not the JSON it promises" in err
    assert "base_url" in err


@dataclass(frozen=True)
class End:
    """How what was right stops being so at a vendor that does not tell it from mistyped, and what is said then."""

    come: Callable[[Any], None]
    said: str
    switches: Mapping[str, Any] = field(default_factory=dict)


ENDS = {
    "moneybird": End(lambda book: book.expired.add(MB[1]), "accounts.a.token changed since: revoked or expired."),
    "productive": End(
        lambda book: book.tokens.clear(),
        "accounts.a.token changed since: revoked or of somebody who was deactivated.",
    ),
    "tribe": End(
        lambda book: book.expired.add(TR[0]),
        "accounts.a.client_id and accounts.a.client_secret changed since: revoked or expired.",
    ),
    "ysuite": End(
        lambda book: book.keys.clear(), "accounts.a.access_key and accounts.a.secret_key changed since: revoked."
    ),
    "next": End(lambda book: book.revoked.add(NX[1]), "accounts.a.token changed since: revoked.", {"revoked": 401}),
}


@pytest.mark.parametrize("noted_by", ["setup", "search", "nobody"])
@pytest.mark.parametrize("vendor", ENDS)
def test_what_was_accepted_before_is_told_from_what_never_was(vendor: str, noted_by: str, desk: Desk) -> None:
    end, books = ENDS[vendor], list[Any]()
    with running_in_thread(double(vendor, books.append, **end.switches)) as at:
        desk.doubles[f"{vendor}, to its end"] = at
        assert desk.setup(vendor, "--account", "a", *desk.address(vendor, f"{vendor}, to its end"))[0] == 0
        state = load_settings(desk.file).state_dir
        if noted_by != "setup":
            shutil.rmtree(state)
        if noted_by == "search":
            assert run(["--config", str(desk.file), "call", "search_invoices", "accounts=a", "limit=1"]) == 0
            desk.capsys.readouterr()
        end.come(books[0])
        code, accounts = desk.doctor()
    assert state.exists() is (noted_by != "nobody")
    assert (code, accounts["a"]["state"]) == (1, "broken")
    problem, advice = accounts["a"]["problem"], accounts["a"]["next"]
    if noted_by == "nobody":
        assert "does not accept accounts.a." in problem
        assert advice.startswith("Copy it again, or make a new one in ")
    else:
        day = CLOCK.now().date()
        assert f" let account a in on {day} and does not any more. Unless {end.said}" in problem
        assert advice.startswith("Make a new one in ")


def test_a_secret_that_was_replaced_since_is_not_one_that_was_accepted(desk: Desk) -> None:
    assert desk.setup("ysuite", "--account", "a")[0] == 0
    replaced = desk.folder / "secrets" / "a-secret_key"
    replaced.write_text(WRONG)
    os.utime(replaced, (0, CLOCK.now().timestamp() + 5))
    assert "accounts.a.secret_key: mistyped or revoked" in desk.doctor()[1]["a"]["problem"]


def test_a_record_that_cannot_be_read_hides_no_mistake(desk: Desk) -> None:
    assert desk.setup("ysuite", "--account", "a")[0] == 0
    (load_settings(desk.file).state_dir / "state.db").write_bytes(b"no database" * 1000)
    (desk.folder / "secrets" / "a-secret_key").write_text(WRONG)
    assert "accounts.a.secret_key: mistyped or revoked" in desk.doctor()[1]["a"]["problem"]


WHERE_IT_WORKS = [name for name in DOUBLES if name.partition(",")[0] in ANSWERS]


@pytest.mark.parametrize("at", WHERE_IT_WORKS)
def test_a_check_costs_one_request(at: str, desk: Desk) -> None:
    vendor = at.partition(",")[0]
    tokens = 1 if vendor == "tribe" else 0
    for check in (lambda: desk.setup(vendor, "--account", "a", *desk.address(vendor, at)), desk.doctor):
        asked, fetched = desk.asked(at, check)
        assert [request.method for request in asked] == ["GET"]
        assert fetched == tokens
    assert desk.doctor()[1]["a"]["state"] == "ok"


@pytest.mark.parametrize("name", MISTAKES)
def test_to_say_what_is_wrong_takes_one_more_at_most(name: str, desk: Desk) -> None:
    wrong = MISTAKES[name]
    at = wrong.at or wrong.vendor
    answers = wrong.answers or ANSWERS[wrong.vendor]
    asked, _ = desk.asked(
        at, lambda: desk.setup(wrong.vendor, *desk.address(wrong.vendor, at, wrong.path), answers=answers)
    )
    assert {request.method for request in asked} <= {"GET"}
    assert len(asked) <= 2
