"""The contract's own fixture, for every backend that is held against it."""

import pytest

pytest.register_assert_rewrite("tests.backends.contract", "tests.backends.matrix", "tests.backends.usage")

from tests.backends.contract import desk  # noqa: E402 -- asserts are rewritten at import

__all__ = ["desk"]
