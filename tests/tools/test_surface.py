"""The six tools as clients see them: one walk over the whole table."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from invoice_mcp.domain import tools as names
from invoice_mcp.tools import TOOLS, Tool
from invoice_mcp.tools.arguments import parse
from invoice_mcp.tools.examples import EXAMPLES, OBJECTS, ORIGINS, OTHER_NAMES
from invoice_mcp.tools.refusals import example_of
from invoice_mcp.tools.schema import published
from tools.calls import ACCOUNTS, FULL, LEAST, TOOL, compact, tools_list

HINTS = {
    "search_invoices": (True, False, True, True),
    "get_invoice": (True, False, True, True),
    "create_invoice": (False, False, False, True),
    "register_payment": (False, True, False, True),
    "send_reminder": (False, True, False, True),
    "change_phase": (False, True, True, True),
}
KEYWORDS = {"type", "properties", "required", "additionalProperties", "items", "enum", "description"}
"""All that a published schema says. No combinator, no reference, no format: each is refused by some host."""

every_tool = pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
every_call = pytest.mark.parametrize(
    ("name", "call"), [*LEAST.items(), *FULL.items()], ids=[*LEAST, *(f"{name}-full" for name in FULL)]
)


def schemas(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside `node`, by path; property names are not taken for keywords."""
    yield path, node
    for name, inner in node.get("properties", {}).items():
        yield from schemas(inner, f"{path}.{name}")
    if "items" in node:
        yield from schemas(node["items"], f"{path}[]")


def argument_names() -> set[str]:
    return {
        path.rpartition(".")[2]
        for tool in tools_list()
        for path, _ in schemas(tool["inputSchema"])
        if path and not path.endswith("[]")
    }


def test_the_tools_are_listed_in_the_order_of_the_contract() -> None:
    assert tuple(tool.name for tool in TOOLS) == names.TOOLS
    assert [tool["name"] for tool in tools_list()] == list(names.TOOLS)


@every_tool
def test_a_name_is_a_verb_and_a_noun(tool: Tool[Any]) -> None:
    assert re.fullmatch(r"(search|get|create|register|send|change)_[a-z]+", tool.name)


def test_names_and_titles_are_each_used_once() -> None:
    assert len({tool.name for tool in TOOLS}) == len({tool.title for tool in TOOLS}) == len(TOOLS)


@every_tool
def test_all_four_hints_are_given_and_say_what_the_tool_does(tool: Tool[Any]) -> None:
    annotations = published(tool, ACCOUNTS)["annotations"]
    assert tuple(annotations) == ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
    assert tuple(annotations.values()) == HINTS[tool.name]


@every_tool
def test_a_tool_that_only_reads_is_one_that_is_no_write(tool: Tool[Any]) -> None:
    assert tool.hints.read_only is (tool.name not in names.WRITES)
    assert not (tool.hints.read_only and tool.hints.destructive)


@every_tool
def test_a_description_is_short_and_says_what_the_tool_never_does(tool: Tool[Any]) -> None:
    assert 100 < len(tool.description) <= 600
    assert tool.description.endswith(".")
    assert re.search(r"\b[Nn]ever\b", tool.description)
    assert tool.description.isascii()
    assert tool.description.isprintable()


@every_tool
def test_nothing_but_the_account_enums_depends_on_the_configuration(tool: Tool[Any]) -> None:
    one, other = published(tool, ("one",)), published(tool, ("other", "third"))
    for name in tool.account_arguments:
        for shown in (one, other):
            argument = shown["inputSchema"]["properties"][name]
            del argument.get("items", argument)["enum"]
    assert one == other


@every_tool
def test_account_arguments_list_the_accounts_and_nothing_else_does(tool: Tool[Any]) -> None:
    listing = {
        path for path, schema in schemas(published(tool, ACCOUNTS)["inputSchema"]) if schema.get("enum") == [*ACCOUNTS]
    }
    assert listing == {f".{name}[]" if name == "accounts" else f".{name}" for name in tool.account_arguments}
    assert set(tool.account_arguments) == {"account", "accounts"} & set(tool.request.model_fields)


@every_tool
def test_a_schema_uses_only_what_every_host_understands(tool: Tool[Any]) -> None:
    for shape in ("inputSchema", "outputSchema"):
        schema = published(tool, ACCOUNTS)[shape]
        assert schema["type"] == "object"
        Draft202012Validator.check_schema(schema)
        for path, inner in schemas(schema):
            assert inner.keys() <= KEYWORDS, path


@every_tool
def test_no_figure_is_a_json_number(tool: Tool[Any]) -> None:
    whole = {
        path
        for path, schema in schemas(published(tool, ACCOUNTS)["inputSchema"])
        if schema["type"] not in {"string", "boolean", "array", "object"}
    }
    assert whole <= {".limit", ".payment_terms_days"}


@every_tool
def test_every_argument_is_described_in_a_few_words(tool: Tool[Any]) -> None:
    for path, schema in schemas(published(tool, ACCOUNTS)["inputSchema"]):
        if path and not path.endswith("[]"):
            assert 2 <= len(schema["description"]) <= 150, path


@every_tool
def test_unknown_arguments_are_ruled_out(tool: Tool[Any]) -> None:
    assert published(tool, ACCOUNTS)["inputSchema"]["additionalProperties"] is False


@every_tool
def test_an_output_schema_names_what_can_be_relied_on(tool: Tool[Any]) -> None:
    assert set(tool.output["required"]) <= set(tool.output["properties"])
    assert tool.output["required"]


def test_the_list_is_the_same_a_hundred_times() -> None:
    assert len({compact(tools_list()) for _ in range(100)}) == 1


def test_the_list_is_the_same_in_another_process() -> None:
    seed = "1" if os.environ.get("PYTHONHASHSEED") == "2" else "2"
    script = "import sys; from tools.calls import compact, tools_list; sys.stdout.write(compact(tools_list()))"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, check=True, encoding="utf-8", timeout=60
    )
    assert done.stdout == compact(tools_list())


@every_call
def test_the_schema_takes_a_call_that_the_tool_takes(name: str, call: dict[str, Any]) -> None:
    Draft202012Validator(published(TOOL[name], ACCOUNTS)["inputSchema"]).validate(call)
    assert parse(TOOL[name], call, ACCOUNTS).model_fields_set == set(call)


@pytest.mark.parametrize("name", FULL)
def test_the_full_calls_name_every_argument_or_what_excludes_it(name: str) -> None:
    left_out = {
        "get_invoice": {"ref"},
        "create_invoice": {"copy_of", "replaces", "payment_terms_days"},
        "register_payment": {"undo_payment_id", "repeat_of", "confirmation"},
        "send_reminder": {"idempotency_key", "confirmation"},
        "change_phase": {"idempotency_key", "dry_run"},
    }
    assert set(TOOL[name].request.model_fields) - set(FULL[name]) == left_out.get(name, set())


def test_every_argument_has_an_example_and_no_example_is_left_over() -> None:
    assert set(EXAMPLES) | set(OBJECTS) == argument_names()
    assert set(ORIGINS) <= argument_names()


def test_other_names_lead_to_arguments_and_are_none_themselves() -> None:
    assert set(OTHER_NAMES.values()) <= argument_names()
    assert not set(OTHER_NAMES) & argument_names()


@every_tool
def test_every_example_is_taken_where_its_argument_stands(tool: Tool[Any]) -> None:
    properties = published(tool, ACCOUNTS)["inputSchema"]["properties"]
    for name, schema in properties.items():
        proposed = example_of(name, schema)
        Draft202012Validator(schema).validate(proposed)
        parsed = tool.request.model_validate({**LEAST[tool.name], name: proposed})
        assert name in parsed.model_fields_set


@pytest.mark.parametrize("part", ["buyer", "lines"])
def test_every_example_is_taken_inside_a_buyer_and_a_line(part: str) -> None:
    schema = published(TOOL["create_invoice"], ACCOUNTS)["inputSchema"]["properties"][part]
    inside = schema.get("items", schema)["properties"]
    whole = {name: example_of(name, wanted) for name, wanted in inside.items()}
    TOOL["create_invoice"].request.model_validate({part: [whole] if part == "lines" else whole})
