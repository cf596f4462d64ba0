"""Benches for the tests of YSuite."""

from collections.abc import AsyncIterator

import pytest

from tests.backends.ysuite.office import Bench, bench


@pytest.fixture
async def ysuite() -> AsyncIterator[Bench]:
    async with bench() as opened:
        yield opened
