"""The table of Productive's endpoints is whole, and true."""

from invoice_mcp.backends.productive.coverage import COVERAGE
from invoice_mcp.sandbox.productive.endpoints import ENDPOINTS
from tests.backends.productive.deeds import BY_ID, DEEDS, WITH_DETAILS
from tests.backends.productive.office import office
from tests.backends.usage import UsageContract


class TestUsage(UsageContract):
    """What is asked for."""

    coverage = COVERAGE
    deeds = (*DEEDS, BY_ID, WITH_DETAILS)
    open = office

    def test_everything_that_is_used_is_in_the_double(self) -> None:
        offered = {f"{each.method} {each.path}" for each in ENDPOINTS}
        used = {each.request for each in (*COVERAGE.endpoints, *COVERAGE.besides) if each.tools}
        assert used <= offered
        assert len(COVERAGE.endpoints) == 11
