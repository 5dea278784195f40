"""A schema as a document, and what the project's own schema promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib.schema_document import UndescribedKey, markdown

SCHEMA = yaml.safe_load((Path(__file__).parents[2] / "config" / "schema.yaml").read_text())


def document(**properties: Any) -> str:
    return markdown({"title": "t", "description": "d", "properties": properties})


def row(schema: dict[str, Any]) -> str:
    """What the table says is allowed for a key of this schema."""
    block = {
        "description": "d",
        "type": "object",
        "required": ["key"],
        "properties": {"key": {"description": "d", **schema}},
    }
    (line,) = (line for line in document(top=block).splitlines() if line.startswith("| `top.key`"))
    return line.split(" | ")[1]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1}, "integer, at least 1"),
        ({"type": "number", "minimum": 0, "maximum": 1}, "number from 0 to 1"),
        ({"type": "number", "exclusiveMinimum": 0}, "number above 0"),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, "number above 0, below 1"),
        ({"type": "boolean"}, "`true` or `false`"),
        ({"enum": ["a", "b"]}, "`a` or `b`"),
        ({"type": "array", "items": {"type": "string"}}, "list of: text"),
        (
            {"type": ["array", "string"], "pattern": "^all$", "items": {"type": "string"}},
            "list of: text or `all`",
        ),
    ],
)
def test_what_is_allowed_is_in_words(schema: dict[str, Any], words: str) -> None:
    assert row(schema) == words


def test_optional_keys_and_named_blocks_are_marked() -> None:
    entry = {
        "type": "object",
        "required": ["a"],
        "properties": {key: {"description": key, "type": "string"} for key in "ab"},
    }
    text = document(tasks={"description": "d", "type": "object", "additionalProperties": entry})
    assert "| `tasks.<task>.a` | text | a |" in text
    assert "| `tasks.<task>.b` | text; optional | b |" in text


def test_a_key_needs_a_description() -> None:
    with pytest.raises(UndescribedKey, match="top"):
        document(top={"type": "integer"})


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(child)


def choices(block: dict[str, Any]) -> list[dict[str, Any]]:
    """The branches of a block whose keys depend on a choice."""
    return [branch for branch in block.get("allOf", []) if "if" in branch]


def test_the_schema_of_the_project_is_closed() -> None:
    blocks = [node for node in nodes(SCHEMA) if node.get("type") == "object"]
    assert len(blocks) > 30
    for block in blocks:
        # A block whose keys depend on a choice is closed by each of its variants.
        assert "additionalProperties" in block or "allOf" in block, block
        for branch in choices(block):
            variant = SCHEMA["$defs"][branch["then"]["$ref"].removeprefix("#/$defs/")]
            assert variant["additionalProperties"] is False


def test_each_choice_of_a_kind_has_a_variant() -> None:
    for block in filter(choices, nodes(SCHEMA)):
        conditions = [branch["if"]["properties"] for branch in choices(block)]
        (name,) = {key for condition in conditions for key in condition}
        values = [value for one in conditions for value in one[name].get("enum") or [one[name]["const"]]]
        assert sorted(block["properties"][name]["enum"]) == sorted(values)
