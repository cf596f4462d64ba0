"""The table of Next's endpoints is true."""

from invoice_mcp.backends.next_project.coverage import COVERAGE
from tests.backends.next_project.deeds import DEEDS
from tests.backends.next_project.office import office
from tests.backends.usage import UsageContract


class TestUsage(UsageContract):
    """What is asked for."""

    coverage = COVERAGE
    deeds = DEEDS
    open = office
