"""Every write to Tribe CRM through every fault, in accounts that are configured each way."""

from functools import partial

import pytest

from tests.backends.crowds import Crowds
from tests.backends.interruptions import Interruptions
from tests.backends.lateness import LateCommits
from tests.backends.matrix import FaultMatrix
from tests.backends.tribe.deeds import DEEDS, LINE_BY_LINE, UNMARKED
from tests.backends.tribe.office import office

_empty = partial(office, 0)


class TestFaults(FaultMatrix):
    """All of the matrix."""

    deeds = DEEDS
    cases = 10 * 23
    open = staticmethod(_empty)


@pytest.mark.long
class TestFaultsLineByLine(FaultMatrix):
    """Lines by requests of their own: any of them can be the last that arrives."""

    deeds = (LINE_BY_LINE,)
    cases = 2 * 23
    deciding = True
    open = staticmethod(partial(office, 0, 'product_lines = "separate"'))


@pytest.mark.long
class TestFaultsUnmarked(FaultMatrix):
    """Without a mark a lost answer stays unknown, and nothing is made twice."""

    deeds = (UNMARKED,)
    cases = 23
    deciding = True
    open = staticmethod(partial(office, 0, "import_id = false"))


@pytest.mark.long
class TestLateCommits(LateCommits):
    """What Tribe carries out late."""

    deeds = DEEDS
    open = staticmethod(_empty)


@pytest.mark.long
class TestInterruptions(Interruptions):
    """Callers that give up, processes that die."""

    deeds = DEEDS
    open = staticmethod(_empty)


@pytest.mark.long
class TestCrowds(Crowds):
    """Many callers at once."""

    deeds = DEEDS
    open = staticmethod(_empty)
