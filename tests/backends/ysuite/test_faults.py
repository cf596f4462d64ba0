"""Every write to YSuite through every fault. Nothing there bears a mark of ours, so what is lost stays unknown."""

import pytest

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


@pytest.mark.long
class TestLateCommits(LateCommits):
    """What is carried out late."""

    deeds = CREATES
    open = empty


@pytest.mark.long
class TestInterruptions(Interruptions):
    """Callers that give up, processes that die."""

    deeds = CREATES
    open = empty
