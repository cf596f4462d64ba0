"""Several programs on one ledger file: nothing acknowledged is lost, nothing is done twice, whoever is killed when."""

import os
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from .audit import broken_rules, stored
from .programs import PROCESSES, run

Answer = dict[str, Any]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")


def ledger_in(folder: Path) -> Path:
    return folder / "books" / "ledger.db"


def check_numbers(folder: Path, answers: list[Answer], times: int) -> None:
    """Every draft was sent once, with the number that its sender was told."""
    assert [answer.get("error") for answer in answers if answer.get("outcome") != "done"] == []
    told = {answer["invoice"]["invoice_number"]: answer["invoice"]["ref"] for answer in answers}
    assert len(told) == len(answers) == PROCESSES * times
    assert broken_rules(ledger_in(folder)) == {}
    kept = stored(ledger_in(folder), "SELECT number, 'ledger:' || id FROM invoices WHERE number >= '2026-0002'")
    assert dict(kept) == told


def check_payments(folder: Path, answers: list[Answer]) -> None:
    """What stands on the invoices are the payments that were acknowledged and not taken back, each once."""
    paid = [answer["payment"] for answer in answers if "payment" in answer]
    back = {payment["id"] for payment in paid if "undone" in payment}
    told = Counter((each["id"], Decimal(each["amount"])) for each in paid if each["id"] not in back)
    kept = stored(ledger_in(folder), "SELECT id, amount FROM payments WHERE undone_at IS NULL")
    assert Counter((payment, Decimal(amount) / 100) for payment, amount in kept) == told
    assert broken_rules(ledger_in(folder)) == {}


def check_one_effect(folder: Path, rounds: list[tuple[Answer, ...]]) -> None:
    """In each round one call was done, the others were told of it, and it was done once."""
    for answers in rounds:
        outcomes = Counter(answer.get("outcome") for answer in answers)
        assert outcomes == {"done": 1, "replayed": PROCESSES - 1}, answers
        assert len({answer["payment"]["id"] for answer in answers}) == 1
    assert broken_rules(ledger_in(folder)) == {}
    assert stored(ledger_in(folder), "SELECT count(*) FROM payments") == [(len(rounds),)]


def check_jobs(folder: Path, workers: list[list[Answer]]) -> None:
    """Every job of every worker took effect once, and as it was acknowledged."""
    drafts, sendings, payments = ([job for jobs in workers for job in jobs[first::3]] for first in range(3))
    book = ledger_in(folder)
    assert broken_rules(book) == {}
    kept = stored(book, "SELECT 'ledger:' || id, number FROM invoices WHERE state = 'issued' AND number_index > 1")
    assert dict(kept) == {job["invoice"]["ref"]: job["invoice"]["invoice_number"] for job in sendings}
    assert len(kept) == len({job["invoice"]["ref"] for job in drafts}) == len(drafts)
    kept = stored(book, "SELECT id, reference FROM payments")
    assert dict(kept) == {job["payment"]["id"]: job["payment"]["reference"] for job in payments}
    assert len(kept) == len({reference for _, reference in kept}) == len(payments)


def check_lives(folder: Path, lives: list[dict[str, list[Answer]]]) -> None:
    """Wherever a client was killed, after the second attempt all is done once, and the mail has not left twice."""
    for number, life in enumerate(lives):
        book = ledger_in(folder / str(number))
        assert broken_rules(book) == {}
        created, sent, paid = life["second"]
        ref = created["invoice"]["ref"]
        assert stored(book, "SELECT 'ledger:' || id, number_index FROM invoices WHERE state = 'issued'") == [(ref, 1)]
        assert stored(book, "SELECT count(*) FROM invoices") == [(2,)]
        assert stored(book, "SELECT id, amount FROM payments") == [(paid["payment"]["id"], 2100)]
        [(outcome,)] = stored(book, "SELECT outcome FROM mails")
        mailed = len(list((folder / str(number) / "state" / "outbox").glob("*.eml")))
        assert (outcome, mailed) in {("queued", 1), ("pending", 0), ("pending", 1)}
        if outcome == "pending":
            assert sent["error"]["code"] == "outcome_unknown"
        for first, second in zip(life["first"], life["second"], strict=False):
            assert (second["outcome"], second.get("changed")) in {("replayed", None), ("done", False)}
            assert second.get("payment") == first.get("payment")


def sizes(short: int, *long: int) -> list[Any]:
    """How much each worker has to do, or how often; each size is another course of events."""
    return [short, *(pytest.param(size, marks=pytest.mark.long) for size in long)]


@pytest.mark.parametrize("times", sizes(25, *range(20, 60, 3)))
def test_processes_that_send_together_get_every_number_once_and_in_order_of_date(tmp_path: Path, times: int) -> None:
    workers = run("send_together", tmp_path, times)
    check_numbers(tmp_path, [answer for answers in workers for answer in answers], times)
    years = stored(ledger_in(tmp_path), "SELECT number_year, count(*) FROM invoices WHERE number_index > 1 GROUP BY 1")
    assert {year for year, _ in years} == {2026, 2027}


@pytest.mark.parametrize("times", sizes(12, *range(26, 60, 2)))
def test_processes_that_pay_on_the_same_invoices_lose_and_double_no_payment(tmp_path: Path, times: int) -> None:
    workers = run("pay_together", tmp_path, times)
    answers = [answer for answers in workers for answer in answers]
    check_payments(tmp_path, answers)
    refused = Counter(answer["error"]["code"] for answer in answers if "error" in answer)
    assert set(refused) <= {"invalid_request", "conflict"}  # more than was payable, or nothing was
    assert len(answers) - sum(refused.values()) > 50


@pytest.mark.parametrize("rounds", sizes(10, 100))
def test_the_same_call_from_several_processes_at_once_is_one_effect(tmp_path: Path, rounds: int) -> None:
    check_one_effect(tmp_path, list(zip(*run("pay_once_together", tmp_path, rounds), strict=True)))


@pytest.mark.parametrize("rounds", sizes(4, *range(5, 26)))
def test_killed_processes_lose_nothing_acknowledged_and_double_nothing(tmp_path: Path, rounds: int) -> None:
    found = run("work_and_be_killed", tmp_path, rounds)
    assert found["killed"] > PROCESSES * 3
    check_jobs(tmp_path, found["done"])


@pytest.mark.parametrize("every", sizes(40, 1))
def test_a_client_killed_before_any_change_of_the_disk_can_do_it_all_again(tmp_path: Path, every: int) -> None:
    lives = run("die_before_changes", tmp_path, every)
    assert len(lives) > 140 // every
    check_lives(tmp_path, lives)


def test_the_proofs_would_notice_calls_that_are_not_recognised(tmp_path: Path) -> None:
    rounds = list(zip(*run("pay_once_together", tmp_path, 2, "no_look_up"), strict=True))
    with pytest.raises(AssertionError):
        check_one_effect(tmp_path, rounds)


def test_the_proofs_would_notice_numbers_that_are_given_outside_the_transaction(tmp_path: Path) -> None:
    workers = run("send_together", tmp_path, 10, "number_from_before")
    with pytest.raises(AssertionError):
        check_numbers(tmp_path, [answer for answers in workers for answer in answers], 10)


def test_the_proofs_would_notice_commits_that_are_acknowledged_and_lost(tmp_path: Path) -> None:
    workers = run("pay_together", tmp_path, 10, "commits_lost")
    with pytest.raises(AssertionError):
        check_payments(tmp_path, [answer for answers in workers for answer in answers])
