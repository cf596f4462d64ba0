"""The office of the flow tests, for the tests of its ledger."""

import pytest

from tests.flows.conftest import clock, office

__all__ = ["clock", "office"]

pytest.register_assert_rewrite("ledger.answers")
