"""What a client is shown of a tool: a lean JSON schema, written from the fields of its request model."""

from collections.abc import Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from invoice_mcp.tools.definition import Tool

Schema = dict[str, Any]

_UNQUOTED: Final = {bool: "boolean", int: "integer"}
"""What travels as a JSON literal of its own. Everything else is a string: money, dates and refs among it."""


def published(tool: Tool[Any], accounts: Sequence[str]) -> Schema:
    """The tool as `tools/list` shows it.

    `accounts` are the accounts that can do this; they become the enum of every account argument. The same input
    gives the same object, key for key, since hosts and models cache the list.
    """
    arguments = arguments_schema(tool.request)
    for name in tool.account_arguments:
        argument = arguments["properties"][name]
        argument.get("items", argument)["enum"] = list(accounts)
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": {**arguments, "additionalProperties": False},
        "outputSchema": tool.output,
        "annotations": {
            "readOnlyHint": tool.hints.read_only,
            "destructiveHint": tool.hints.destructive,
            "idempotentHint": tool.hints.idempotent,
            "openWorldHint": tool.hints.open_world,
        },
    }


def arguments_schema(model: type[BaseModel]) -> Schema:
    """The object `model` is parsed from: what it declares itself first, what it inherits last.

    Limits and defaults are said in the descriptions: hosts differ in the keywords they put up with, and some refuse
    a whole list for one `format` they do not know.
    """
    own = model.__annotations__
    fields = sorted(model.model_fields.items(), key=lambda item: item[0] not in own)
    schema: Schema = {
        "type": "object",
        "properties": {name: {**_value(field.annotation), "description": field.description} for name, field in fields},
    }
    required = [name for name, field in fields if field.is_required()]
    return {**schema, "required": required} if required else schema


def _value(annotation: Any) -> Schema:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _value(arguments[0])
    if origin in (Union, UnionType):
        return _value(next(argument for argument in arguments if argument is not NoneType))
    if origin is list:
        return {"type": "array", "items": _value(arguments[0])}
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if issubclass(annotation, Enum):
        return {"type": "string", "enum": [member.value for member in annotation]}
    if issubclass(annotation, BaseModel):
        return arguments_schema(annotation)
    return {"type": _UNQUOTED.get(annotation, "string")}
