"""Lists and records: pages, filters, order, what is included, and what is not told."""

from typing import Any

import pytest

from tests.sandbox.productive import Vendor, document, vendor


def ids(answer: Any) -> list[str]:
    return [each["id"] for each in answer["data"]]


async def test_pages_have_thirty_records_at_least_one_and_two_hundred_at_most() -> None:
    async with vendor(invoices=230) as productive:
        answer = await productive.ask("GET", "/invoices")
        assert (len(answer["data"]), answer["meta"]["page_size"], answer["meta"]["max_page_size"]) == (30, 30, 200)
        answer = await productive.ask("GET", "/invoices", **{"page(size)": "5000"})
        assert len(answer["data"]) == 200
        rest = await productive.ask("GET", "/invoices", **{"page(size)": "200", "page(number)": "2"})
        assert len(rest["data"]) == answer["meta"]["total_count"] - 200
        assert "next" in answer["links"]
        assert "next" not in rest["links"]


async def test_an_empty_list_has_no_pages() -> None:
    async with vendor() as productive:
        answer = await productive.ask("GET", "/invoices", **{"filter(number)": "none"})
        assert (answer["data"], answer["meta"]["total_pages"], answer["meta"]["total_count"]) == ([], 0, 0)


async def test_a_page_past_the_end_is_empty() -> None:
    async with vendor() as productive:
        answer = await productive.ask("GET", "/invoices", **{"page(number)": "99"})
        assert answer["data"] == []
        assert answer["meta"]["current_page"] == 99


async def test_what_was_not_included_is_not_told() -> None:
    async with vendor() as productive:
        [bare] = (await productive.ask("GET", "/invoices", **{"page(size)": "1"}))["data"]
        assert bare["relationships"]["company"] == {"meta": {"included": False}}
        assert "data" in bare["relationships"]["organization"]
        answer = await productive.ask("GET", "/invoices", include="company", **{"page(size)": "10"})
        told = {each["relationships"]["company"]["data"]["id"] for each in answer["data"]}
        assert told == {each["id"] for each in answer["included"]}
        assert answer["data"][0]["relationships"]["document_type"] == {"meta": {"included": False}}


async def test_includes_go_deeper_by_dots() -> None:
    async with vendor() as productive:
        answer = await productive.ask("GET", "/line_items", include="invoice.company", **{"page(size)": "3"})
        assert {each["type"] for each in answer["included"]} == {"invoices", "companies"}


async def test_an_include_that_there_is_not_is_refused() -> None:
    async with vendor() as productive:
        error = await productive.refusal("GET", "/invoices", status=400, include="line_items")
        assert error["code"] == "unsupported_include"


async def test_sparse_fields_hold_for_relationships_too() -> None:
    async with vendor() as productive:
        asked = {"fields(invoices)": "number,company", "fields(companies)": "name", "include": "company"}
        answer = await productive.ask("GET", "/invoices", **asked)
        for each in answer["data"]:
            assert (each["attributes"].keys(), each["relationships"].keys()) == ({"number"}, {"company"})
        assert {tuple(each["attributes"]) for each in answer["included"]} == {("name",)}


@pytest.mark.parametrize(("choice", "sparse"), [("ignored", False), ("honoured", True)])
async def test_whether_they_hold_for_a_single_record(choice: Any, sparse: bool) -> None:
    async with vendor(fields_on_one=choice) as productive:
        one = next(iter(productive.organization.invoices))
        answer = await productive.ask("GET", f"/invoices/{one}", **{"fields(invoices)": "number"})
        assert (answer["data"]["attributes"].keys() == {"number"}) == sparse


@pytest.mark.parametrize(("choice", "told"), [("organization", False), ("all", True)])
async def test_whether_a_write_tells_its_relationships(choice: Any, told: bool) -> None:
    async with vendor(linkage_after_write=choice) as productive:
        invoice_id = await productive.draft()
        change = document("invoices", {"subject": "New"})
        relationships = (await productive.ask("PATCH", f"/invoices/{invoice_id}", change))["data"]["relationships"]
        assert ("data" in relationships["company"]) == told
        assert "data" in relationships["organization"]


async def test_an_order_that_there_is_not_is_refused_with_a_word_for_its_status() -> None:
    async with vendor() as productive:
        error = await productive.refusal("GET", "/invoices", status=400, sort="paid_on")
        assert (error["code"], error["status"]) == ("sort_param_unsupported", "unprocessable_content")


async def test_sorted_by_a_day_either_way() -> None:
    async with vendor() as productive:
        for order in ("invoiced_on", "-invoiced_on"):
            answer = await productive.ask("GET", "/invoices", sort=order, **{"page(size)": "200"})
            days = [each["attributes"]["invoiced_on"] for each in answer["data"]]
            assert days == sorted(days, reverse=order.startswith("-"))
            assert len(set(days)) > 5


@pytest.mark.parametrize(
    ("choice", "status", "code"), [("400", 400, "unsupported_filter"), ("422", 422, "filter_param_unsupported")]
)
async def test_a_filter_that_there_is_not_is_refused(choice: Any, status: int, code: str) -> None:
    async with vendor(unknown_filters=choice) as productive:
        for name in ("filter(nonsense)", "filter(number)(like)"):
            assert (await productive.refusal("GET", "/invoices", status=status, **{name: "1"}))["code"] == code


async def test_or_ignored_without_a_word() -> None:
    async with vendor(unknown_filters="ignored") as productive:
        everything = await productive.ask("GET", "/invoices")
        assert await count(productive, **{"filter(nonsense)": "1"}) == everything["meta"]["total_count"]


async def count(productive: Vendor, **query: str) -> int:
    found: int = (await productive.ask("GET", "/invoices", **query))["meta"]["total_count"]
    return found


async def test_filters_that_are_ignored_and_operations_that_are_refused() -> None:
    async with vendor(ignored_filters=frozenset({"currency"}), refused_operations=frozenset({"pay_on"})) as productive:
        assert await count(productive, **{"filter(currency)": "USD"}) == await count(productive)
        assert await count(productive, **{"filter(number)": "none"}) == 0
        await productive.refusal("GET", "/invoices", status=422, **{"filter(pay_on)(lt_eq)": "2026-01-01"})
    async with vendor(ignored_filters=frozenset("*")) as productive:
        assert await count(productive, **{"filter(number)": "none"}) == await count(productive)


async def test_days_can_be_compared_and_filters_hold_together() -> None:
    async with vendor(invoices=200) as productive:
        invoices = [each for each in productive.organization.invoices.values() if each.deleted_at is None]
        since = [each for each in invoices if each.invoiced_on.isoformat() >= "2026-01-01"]
        asked = {"filter(invoiced_on)(gt_eq)": "2026-01-01"}
        assert await count(productive, **asked) == len(since) > 0
        in_dollars = [each for each in since if each.currency == "USD"]
        assert await count(productive, **asked, **{"filter(currency)": "USD"}) == len(in_dollars) > 0
        assert await count(productive, **{"filter(invoice_type)": "2"}) == sum(
            each.invoice_type_id == 2 for each in invoices
        )


@pytest.mark.parametrize(("choice", "found"), [("any_case", 1), ("exact_case", 0)])
async def test_whether_names_are_found_whatever_their_case(choice: Any, found: int) -> None:
    async with vendor(name_contains=choice) as productive:
        answer = await productive.ask("GET", "/companies", **{"filter(name)(contains)": "ACME INC."})
        assert bool(ids(answer)) == bool(found)


async def test_a_tag_finds_the_invoice_that_bears_it() -> None:
    for choice in ("list", "string"):
        async with vendor(tags=choice) as productive:
            one = await productive.draft(tag_list=["op_1", "urgent"])
            other = await productive.draft(tag_list="op_2, urgent")
            assert ids(await productive.ask("GET", "/invoices", **{"filter(tags)": "op_1"})) == [one]
            assert ids(await productive.ask("GET", "/invoices", **{"filter(tags)": "urgent"})) == [other, one]
            assert isinstance((await productive.shown(one))["tag_list"], list) == (choice == "list")


@pytest.mark.parametrize(("choice", "listed"), [("gone", False), ("listed", True)])
async def test_whether_lists_hold_what_was_deleted(choice: Any, listed: bool) -> None:
    async with vendor(deleted=choice) as productive:
        draft = await productive.draft()
        await productive.ask("DELETE", f"/invoices/{draft}", status=204)
        await productive.refusal("GET", f"/invoices/{draft}", status=404)
        assert (draft in ids(await productive.ask("GET", "/invoices"))) == listed
