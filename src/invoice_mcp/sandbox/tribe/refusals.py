"""Refusals in the shape of the engine behind Tribe: a code that is null, and a sentence."""

from typing import Any


class Refusal(Exception):
    """An answer other than success. `body` None is none."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"refused with {status}")
        self.status = status
        self.body = body


def refusal(status: int, message: str) -> Refusal:
    """As the engine's default serializer writes it."""
    return Refusal(status, {"error": {"code": None, "message": message}})


def bad(message: str) -> Refusal:
    """400: the request is not what the engine takes."""
    return refusal(400, message)


def no_entity() -> Refusal:
    """404: the set is there, the entity is not."""
    return refusal(404, "Nothing found.")


def no_set(name: str) -> Refusal:
    """404 as well, and told apart by its sentence alone."""
    sentence = "Cannot find EntitySet, Singleton, ActionImport or FunctionImport with name "
    return refusal(404, f"{sentence}'{name}'.")
