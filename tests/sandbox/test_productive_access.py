"""Who gets in, where to, in which form, and how often."""

import pytest

from invoice_mcp.sandbox.productive.seeds import OTHER_ORGANIZATION_ID, TOKEN_WITHOUT_INVOICES
from invoice_mcp.sandbox.productive.switches import Switches
from tests.sandbox.productive import document, vendor


@pytest.mark.parametrize("token", ["", "wrong", None])
async def test_without_a_valid_token_nothing_is_told(token: str | None) -> None:
    async with vendor() as productive:
        productive.http.headers["x-auth-token"] = token or ""
        error = await productive.refusal("GET", "/invoices", status=401)
        assert (error["code"], error["status"]) == ("invalid_auth_token", "401")


async def test_somebody_who_is_not_in_an_organisation_is_told_so() -> None:
    async with vendor() as productive:
        productive.http.headers["x-organization-id"] = "1"
        assert (await productive.refusal("GET", "/invoices", status=403))["code"] == "no_person"


async def test_without_the_permission_companies_can_be_read_and_invoices_cannot() -> None:
    async with vendor() as productive:
        productive.http.headers["x-auth-token"] = TOKEN_WITHOUT_INVOICES
        assert (await productive.refusal("GET", "/invoices", status=403))["code"] == "financials_unavailable"
        assert (await productive.ask("GET", "/companies"))["data"]


async def test_organisations_see_nothing_of_each_other() -> None:
    async with vendor() as productive:
        theirs = next(iter(productive.book.organizations[OTHER_ORGANIZATION_ID].invoices))
        for method in ("GET", "DELETE"):
            error = await productive.refusal(method, f"/invoices/{theirs}", status=404)
            assert error["code"] == "record_not_found"
        await productive.pay(theirs, 1, status=422)
        productive.http.headers["x-organization-id"] = OTHER_ORGANIZATION_ID
        listed = await productive.ask("GET", "/invoices")
        ours = productive.organization.invoices
        assert {each["id"] for each in listed["data"]}.isdisjoint(ours)
        assert all(not each.journal for each in productive.book.organizations.values())


@pytest.mark.parametrize("path", ["/budgets", "/invoices/1/approve", "/invoices/0"])
async def test_what_is_not_there_is_a_404(path: str) -> None:
    async with vendor() as productive:
        await productive.ask("GET", path, status=404)


async def test_a_write_that_is_not_said_to_be_jsonapi_is_refused() -> None:
    async with vendor() as productive:
        invoice_id = await productive.draft()
        productive.http.headers["content-type"] = "application/json"
        error = await productive.refusal("PATCH", f"/invoices/{invoice_id}/finalize", status=415)
        assert error["code"] == "unsupported_media_type"


@pytest.mark.parametrize("body", [[], {"data": []}, {"data": {"type": "payments", "attributes": {}}}], ids=range(3))
async def test_another_document_than_expected_is_refused(body: object) -> None:
    async with vendor() as productive:
        await productive.ask("POST", "/invoices", body, status=422)


async def test_an_attribute_that_cannot_be_is_pointed_at() -> None:
    async with vendor() as productive:
        invoice_id = await productive.draft()
        wrong = document("invoices", {"pay_on": "soon"})
        error = await productive.refusal("PATCH", f"/invoices/{invoice_id}", wrong, status=422)
        assert error["source"] == {"pointer": "data/attributes/pay_on"}
        assert error["code"] == "invalid_attribute_value"


async def test_a_hundred_requests_in_ten_seconds_are_one_too_few() -> None:
    async with vendor(Switches()) as productive:
        for _ in range(100):
            await productive.ask("GET", "/subsidiaries")
        reply = await productive.http.get("/subsidiaries")
        assert (reply.status_code, reply.content, reply.headers.get("retry-after")) == (429, b"", None)
        productive.clock.advance(seconds=9)
        await productive.ask("GET", "/subsidiaries", status=429)
        productive.clock.advance(seconds=1)
        await productive.ask("GET", "/subsidiaries")


async def test_the_long_limit_counts_over_half_an_hour_and_may_say_when_it_ends() -> None:
    switches = Switches(requests_per_10_seconds=None, requests_per_30_minutes=40, retry_after=True)
    async with vendor(switches) as productive:
        for _ in range(40):
            await productive.ask("GET", "/subsidiaries")
            productive.clock.advance(seconds=30)
        reply = await productive.http.get("/subsidiaries")
        assert (reply.status_code, reply.headers["retry-after"]) == (429, "600")
        productive.clock.advance(seconds=600)
        await productive.ask("GET", "/subsidiaries")


async def test_each_organisation_has_limits_of_its_own() -> None:
    async with vendor(Switches(requests_per_10_seconds=1)) as productive:
        await productive.ask("GET", "/subsidiaries")
        await productive.ask("GET", "/subsidiaries", status=429)
        productive.http.headers["x-organization-id"] = OTHER_ORGANIZATION_ID
        await productive.ask("GET", "/subsidiaries")
