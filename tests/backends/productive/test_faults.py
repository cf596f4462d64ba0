"""Every write to Productive through every fault."""

import pytest

from tests.backends.interruptions import Interruptions
from tests.backends.lateness import LateCommits
from tests.backends.matrix import FaultMatrix
from tests.backends.productive.deeds import DEEDS
from tests.backends.productive.office import empty_office


class TestFaults(FaultMatrix):
    """All of the matrix."""

    deeds = DEEDS
    cases = 19 * 23
    open = empty_office


@pytest.mark.long
class TestLateCommits(LateCommits):
    """What is carried out late."""

    deeds = DEEDS
    open = empty_office


@pytest.mark.long
class TestInterruptions(Interruptions):
    """Callers that give up, processes that die."""

    deeds = DEEDS
    open = empty_office
