"""The table of Moneybird's endpoints is whole, and true."""

from invoice_mcp.backends.moneybird.coverage import COVERAGE
from invoice_mcp.sandbox.moneybird.endpoints import ENDPOINTS
from tests.backends.moneybird.deeds import BY_ID, DEEDS
from tests.backends.moneybird.office import office
from tests.backends.usage import UsageContract


class TestUsage(UsageContract):
    """What is asked for."""

    coverage = COVERAGE
    deeds = (*DEEDS, BY_ID)
    open = office

    def test_every_endpoint_of_the_document_is_named(self) -> None:
        offered = {f"{each.method} {each.path.replace(':path', '')}" for each in ENDPOINTS}
        named = {endpoint.request for endpoint in COVERAGE.endpoints}
        assert named == {each for each in offered if " /sales_invoices" in each}
        assert len(named) == 28
