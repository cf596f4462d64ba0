"""Every write to Moneybird through every fault."""

from tests.backends.crowds import Crowds, TwoProcesses
from tests.backends.interruptions import Interruptions
from tests.backends.lateness import LateCommits
from tests.backends.matrix import FaultMatrix
from tests.backends.moneybird.deeds import DEEDS
from tests.backends.moneybird.office import empty_office


class TestFaults(FaultMatrix):
    """All of the matrix."""

    deeds = DEEDS
    cases = 21 * 23
    open = empty_office


class TestLateCommits(LateCommits):
    """What Moneybird carries out late."""

    deeds = DEEDS
    open = empty_office


class TestInterruptions(Interruptions):
    """Callers that give up, processes that die."""

    deeds = DEEDS
    open = empty_office


class TestCrowds(Crowds, TwoProcesses):
    """Many callers at once."""

    deeds = DEEDS
    open = empty_office
