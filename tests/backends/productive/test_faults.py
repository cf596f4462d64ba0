"""Every write to Productive through every fault."""

from tests.backends.matrix import FaultMatrix
from tests.backends.productive.deeds import DEEDS
from tests.backends.productive.office import empty_office


class TestFaults(FaultMatrix):
    """All of the matrix."""

    deeds = DEEDS
    cases = 19 * 23
    open = empty_office
