"""What is wrong with an account is told at its first question, each in words of its own; and what that costs."""

from dataclasses import dataclass, field

import pytest

from invoice_mcp.sandbox import faults
from invoice_mcp.sandbox.moneybird import seeds as moneybird_seeds
from invoice_mcp.sandbox.next_project import seeds as next_seeds
from invoice_mcp.sandbox.productive import seeds as productive_seeds
from invoice_mcp.sandbox.runner import running_in_thread
from invoice_mcp.sandbox.ysuite import seeds as ysuite_seeds

from .desks import ANSWERS, DOUBLES, TOKENS, WRONG, Desk, double


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
    "moneybird, scope": Mistake(
        "moneybird", "is not allowed to see sales invoices", [MB[0], moneybird_seeds.TOKEN_WITHOUT_INVOICES]
    ),
    "moneybird, host": Mistake("moneybird", "something answers that is not Moneybird", path="/api/v1"),
    "productive, token": Mistake("productive", "accounts.a.token: mistyped, revoked or expired", [PR[0], WRONG]),
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
    "next, token": Mistake("next", "accounts.a.token: mistyped, revoked or expired", ["SEK", "nobody's"]),
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
