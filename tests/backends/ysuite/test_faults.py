"""Every write to YSuite through every fault. Nothing there bears a mark of ours, so what is lost stays unknown."""

from tests.backends.interruptions import Interruptions
from tests.backends.lateness import LateCommits
from tests.backends.matrix import FaultMatrix
from tests.backends.ysuite.deeds import CREATES
from tests.backends.ysuite.office import empty


class TestFaults(FaultMatrix):
    """All of the matrix."""

    deeds = CREATES
    cases = 2 * 23
    open = empty


class TestLateCommits(LateCommits):
    """What is carried out late."""

    deeds = CREATES
    open = empty


class TestInterruptions(Interruptions):
    """Callers that give up, processes that die."""

    deeds = CREATES
    open = empty
