"""The table of YSuite's endpoints is whole, and true."""

from invoice_mcp.backends.ysuite.coverage import COVERAGE
from invoice_mcp.sandbox.ysuite.endpoints import ENDPOINTS
from tests.backends.usage import UsageContract
from tests.backends.ysuite.deeds import BY_ID, CREATES, REMIND
from tests.backends.ysuite.office import bench


class TestUsage(UsageContract):
    """What is asked for."""

    coverage = COVERAGE
    deeds = (*CREATES, BY_ID, REMIND)
    open = bench

    def test_every_endpoint_of_the_document_is_named(self) -> None:
        offered = {f"{each.method} {each.path}" for each in ENDPOINTS}
        assert {endpoint.request for endpoint in (*COVERAGE.endpoints, *COVERAGE.besides)} == offered
        assert len(COVERAGE.endpoints) == 5
