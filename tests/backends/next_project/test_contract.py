"""Next, as its double plays it, does what every backend does."""

from collections.abc import AsyncIterator

import pytest

from tests.backends.contract import BackendContract
from tests.backends.next_project.office import NextOffice, next_office


@pytest.fixture
async def office() -> AsyncIterator[NextOffice]:
    async with next_office() as opened:
        yield opened


class TestNext(BackendContract):
    """All of the contract."""
