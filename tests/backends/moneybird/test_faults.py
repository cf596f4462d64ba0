"""Every write to Moneybird through every fault."""

from tests.backends.matrix import FaultMatrix
from tests.backends.moneybird.deeds import DEEDS
from tests.backends.moneybird.office import empty_office


class TestFaults(FaultMatrix):
    """All of the matrix."""

    deeds = DEEDS
    cases = 20 * 23
    open = empty_office
