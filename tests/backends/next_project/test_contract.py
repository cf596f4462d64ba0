"""Next, as its double plays it, does what every backend does."""

from collections.abc import AsyncIterator

import pytest

from tests.backends.contract import BackendContract
from tests.backends.next_project import office as offices


@pytest.fixture
async def office() -> AsyncIterator[offices.NextOffice]:
    async with offices.office() as opened:
        yield opened


class TestNext(BackendContract):
    """All of the contract."""
