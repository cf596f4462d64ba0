"""The table of Tribe's endpoints is true."""

from functools import partial

from invoice_mcp.backends.tribe.coverage import COVERAGE
from tests.backends.tribe.deeds import BY_ID, DEEDS, REMIND
from tests.backends.tribe.office import office
from tests.backends.usage import UsageContract


class TestUsage(UsageContract):
    """What is asked for."""

    coverage = COVERAGE
    deeds = (*DEEDS, BY_ID, REMIND)
    open = staticmethod(partial(office, 70))
