"""Every write to Next through every fault."""

from tests.backends.matrix import FaultMatrix
from tests.backends.next_project.deeds import DEEDS
from tests.backends.next_project.office import office


class TestFaults(FaultMatrix):
    """All of the matrix."""

    deeds = DEEDS
    cases = 2 * 23
    open = office
