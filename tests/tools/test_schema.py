"""How a request model becomes a schema."""

import subprocess
import sys
import time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from invoice_mcp.tools.schema import arguments_schema, published
from tools.calls import ACCOUNTS, TOOL, tools_list


class Size(StrEnum):
    SMALL = "s"
    LARGE = "l"


class Part(BaseModel):
    """Words of its own."""

    weight: Annotated[Decimal, AfterValidator(abs)] = Field(description="In kilograms")


class Base(BaseModel):
    checked: bool = Field(False, description="Whether")


class Order(Base):
    size: Size | None = Field(None, description="How large")
    count: int = Field(1, ge=1, description="How many")
    colour: Literal["red", "blue"] = Field("red", description="Which")
    parts: list[Part] | None = Field(None, description="Of what")
    main: Part = Field(description="Mostly of what")


def test_a_model_is_shown_by_its_own_arguments_first_and_without_what_says_nothing() -> None:
    part = {
        "type": "object",
        "properties": {"weight": {"type": "string", "description": "In kilograms"}},
        "required": ["weight"],
    }
    schema = arguments_schema(Order)
    assert schema == {
        "type": "object",
        "properties": {
            "size": {"type": "string", "enum": ["s", "l"], "description": "How large"},
            "count": {"type": "integer", "description": "How many"},
            "colour": {"type": "string", "enum": ["red", "blue"], "description": "Which"},
            "parts": {"type": "array", "items": part, "description": "Of what"},
            "main": {**part, "description": "Mostly of what"},
            "checked": {"type": "boolean", "description": "Whether"},
        },
        "required": ["main"],
    }
    assert list(schema["properties"]) == ["size", "count", "colour", "parts", "main", "checked"]


def test_a_published_tool_has_the_keys_of_the_protocol_and_no_others() -> None:
    shown = published(TOOL["get_invoice"], ACCOUNTS)
    assert list(shown) == ["name", "title", "description", "inputSchema", "outputSchema", "annotations"]


def test_the_accounts_of_one_list_do_not_show_in_the_next() -> None:
    def enums(shown: dict[str, Any]) -> Any:
        return shown["inputSchema"]["properties"]["accounts"]["items"]["enum"]

    first = published(TOOL["search_invoices"], ["ledger"])
    second = published(TOOL["search_invoices"], ["books"])
    assert (enums(first), enums(second)) == (["ledger"], ["books"])


def test_all_six_tools_are_published_within_25_milliseconds() -> None:
    def took() -> float:
        started = time.perf_counter()
        tools_list()
        return time.perf_counter() - started

    assert min(took() for _ in range(5)) < 0.025


def test_showing_the_tools_builds_no_validators() -> None:
    script = (
        "from tools.calls import TOOL, tools_list; tools_list();"
        "print(any(tool.request.__pydantic_complete__ for tool in TOOL.values()))"
    )
    path = "import sys; sys.path[:] = " + repr(sys.path) + ";"
    done = subprocess.run(
        [sys.executable, "-c", path + script], capture_output=True, check=True, encoding="utf-8", timeout=60
    )
    assert done.stdout.strip() == "False"
