"""The contract's own fixture, for every backend that is held against it."""

import pytest

SUITES = ("contract", "crowds", "interruptions", "lateness", "matrix", "replies", "usage")
pytest.register_assert_rewrite(*(f"tests.backends.{name}" for name in SUITES))

from tests.backends.contract import desk  # noqa: E402 -- asserts are rewritten at import

__all__ = ["desk"]
