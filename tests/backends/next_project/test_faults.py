"""Every write to Next through every fault."""

import pytest

from tests.backends.interruptions import Interruptions
from tests.backends.lateness import LateCommits
from tests.backends.matrix import FaultMatrix
from tests.backends.next_project.deeds import DEEDS
from tests.backends.next_project.office import office


class TestFaults(FaultMatrix):
    """All of the matrix."""

    deeds = DEEDS
    cases = 2 * 23
    open = office


@pytest.mark.long
class TestLateCommits(LateCommits):
    """What is carried out late."""

    deeds = DEEDS
    open = office


@pytest.mark.long
class TestInterruptions(Interruptions):
    """Callers that give up, processes that die."""

    deeds = DEEDS
    open = office
