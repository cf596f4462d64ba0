"""The office of the flow tests, for the tests of its ledger."""

from tests.flows.conftest import clock, office

__all__ = ["clock", "office"]
