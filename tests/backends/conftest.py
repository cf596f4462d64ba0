"""The contract's own fixture, for every backend that is held against it."""

import pytest

pytest.register_assert_rewrite(*(f"tests.backends.{name}" for name in ("contract", "matrix", "replies", "usage")))

from tests.backends.contract import desk  # noqa: E402 -- asserts are rewritten at import

__all__ = ["desk"]
