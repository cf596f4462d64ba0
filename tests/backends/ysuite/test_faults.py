"""Every write to YSuite through every fault. Nothing there bears a mark of ours, so what is lost stays unknown."""

from tests.backends.matrix import FaultMatrix
from tests.backends.ysuite.deeds import CREATES
from tests.backends.ysuite.office import empty


class TestFaults(FaultMatrix):
    """All of the matrix."""

    deeds = CREATES
    cases = 3 * 23
    open = empty
