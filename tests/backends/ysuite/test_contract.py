"""YSuite, as its double plays it, does what every backend does."""

from collections.abc import AsyncIterator

import pytest

from tests.backends.contract import BackendContract
from tests.backends.ysuite.office import Bench, bench


@pytest.fixture
async def office() -> AsyncIterator[Bench]:
    async with bench() as opened:
        yield opened


class TestYSuite(BackendContract):
    """All of the contract."""
