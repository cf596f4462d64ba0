"""What the vendor says when it refuses: one shape, whatever the status."""

from collections.abc import Mapping, Sequence
from typing import Any


class Refusal(Exception):
    """An answer that ends the request: `status` and a JSON `body`."""

    def __init__(self, status: int, message: str, errors: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(status, message)
        self.status = status
        self.body: dict[str, Any] = {"success": False, "message": message}
        if errors:
            self.body["errors"] = {field: list(said) for field, said in errors.items()}


def invalid(errors: Mapping[str, Sequence[str]]) -> Refusal:
    """The shape of 422: per field, sentences."""
    return Refusal(422, "The given data was invalid.", errors)
