"""Seeded books, made once and unpacked for each double: much quicker than letting six years pass again."""

import functools
import pickle
from collections.abc import Callable
from typing import Any, TypeVar

Book = TypeVar("Book")


def fresh(seeded: Callable[..., Book], *arguments: Any) -> Book:
    """What `seeded` makes of `arguments`, shared with nobody."""
    book: Book = pickle.loads(_packed(seeded, *arguments))
    return book


@functools.cache
def _packed(seeded: Callable[..., Any], *arguments: Any) -> bytes:
    return pickle.dumps(seeded(*arguments))
