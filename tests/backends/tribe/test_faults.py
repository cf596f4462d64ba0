"""Every write to Tribe CRM through every fault, in accounts that are configured each way."""

from functools import partial

from tests.backends.matrix import FaultMatrix
from tests.backends.tribe.deeds import DEEDS, LINE_BY_LINE, UNMARKED
from tests.backends.tribe.office import office


class TestFaults(FaultMatrix):
    """All of the matrix."""

    deeds = DEEDS
    cases = 10 * 23
    open = staticmethod(partial(office, 0))


class TestFaultsLineByLine(FaultMatrix):
    """Lines by requests of their own: any of them can be the last that arrives."""

    deeds = (LINE_BY_LINE,)
    cases = 2 * 23
    open = staticmethod(partial(office, 0, 'product_lines = "separate"'))


class TestFaultsUnmarked(FaultMatrix):
    """Without a mark a lost answer stays unknown, and nothing is made twice."""

    deeds = (UNMARKED,)
    cases = 23
    open = staticmethod(partial(office, 0, "import_id = false"))
