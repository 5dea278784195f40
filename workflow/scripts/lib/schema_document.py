"""A JSON schema as a document that people read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

NOTICE = (
    "<!-- Made from schema.yaml by workflow/scripts/config_document.py; edit the schema, not this file. -->"
)
HEAD = ["| key | allowed | meaning |", "|---|---|---|"]


class UndescribedKey(ValueError):
    """A key of the schema has no description."""


def markdown(schema: dict[str, Any]) -> str:
    """The document: a section per top-level key, a table per kind of block.

    Raises:
        UndescribedKey: a key has no description.
    """
    lines = [NOTICE, "", f"# {schema['title']}", "", schema["description"].strip(), ""]
    for name, node in schema["properties"].items():
        node = _resolve(node, schema)
        rows, variants = _rows(node, name, schema)
        lines += [f"## {name}", "", _description(node, name), ""]
        if not rows and not variants:
            rows = [(name, _allowed(node, schema), "see above")]
        lines += _table(rows)
        for path, choice, variant in variants:
            lines += [f"### {path}, {choice}", "", variant["title"], ""]
            lines += _table(_rows(variant, path, schema)[0])
    return "\n".join(lines).rstrip() + "\n"


def _table(rows: list[tuple[str, str, str]]) -> list[str]:
    if not rows:
        return []
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return [*HEAD, *(f"| `{key}` | {allowed} | {meaning} |" for key, allowed, meaning in cells), ""]


def _rows(
    node: dict[str, Any], path: str, schema: dict[str, Any]
) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, dict[str, Any]]]]:
    """The keys below a node, and the blocks whose keys depend on a choice (like ``kind``)."""
    rows, variants = [], []
    for key, child in _children(node, path, schema):
        inner = _resolve(child, schema)
        name = key.rsplit(".", 1)[-1]
        if not name.startswith("<") and not key.endswith("[]"):
            optional = "" if name in node.get("required", []) else "; optional"
            rows.append((key, _allowed(inner, schema) + optional, _description(inner, key)))
        below, found = _rows(inner, key, schema)
        rows += below
        variants += found
    for branch in (branch for branch in node.get("allOf", []) if "if" in branch):
        ((choice, value),) = branch["if"]["properties"].items()
        values = " or ".join(f"`{one}`" for one in value.get("enum", [value.get("const")]))
        variant = _resolve(branch["then"], schema)
        # What all variants share is described once, beside the choice.
        own = {key: child for key, child in variant["properties"].items() if key not in node["properties"]}
        variants.append((path, f"{choice} {values}", {**variant, "properties": own}))
    return rows, variants


def _children(
    node: dict[str, Any], path: str, schema: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, child in node.get("properties", {}).items():
        yield f"{path}.{name}", child
    named = node.get("additionalProperties")
    if isinstance(named, dict):
        yield f"{path}.<{_singular(path)}>", named
    items = node.get("items")
    if isinstance(items, dict) and "properties" in _resolve(items, schema):
        yield f"{path}[]", items


def _singular(path: str) -> str:
    """What a block of named entries is called in the singular."""
    name = path.rsplit(".", 1)[-1]
    return {"corpora": "corpus", "mixes": "mix", "files": "language", "datasets": "language"}.get(
        name, name.removesuffix("s")
    )


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A node with its reference laid under its own keys."""
    while "$ref" in node:
        target = schema["$defs"][node["$ref"].removeprefix("#/$defs/")]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _description(node: dict[str, Any], path: str) -> str:
    if "description" not in node:
        raise UndescribedKey(f"{path}: the schema does not describe this key")
    return node["description"].strip()


def _allowed(node: dict[str, Any], schema: dict[str, Any]) -> str:
    """What a key may hold, in words."""
    node = _resolve(node, schema)
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return " or ".join(f"`{choice}`" for choice in node["enum"])
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    if kinds == ["object"]:
        return "block"
    return " or ".join(_kind(kind, node, schema) for kind in kinds)


def _kind(kind: str, node: dict[str, Any], schema: dict[str, Any]) -> str:
    if kind == "array":
        items = _resolve(node.get("items", {}), schema)
        return "list of blocks" if items.get("type") == "object" else f"list of: {_allowed(items, schema)}"
    if kind == "boolean":
        return "`true` or `false`"
    if kind == "string":
        pattern = node.get("pattern", "")
        fixed = pattern.strip("^$")
        return f"`{fixed}`" if pattern == f"^{fixed}$" and fixed.replace("-", "").isalnum() else "text"
    words = "integer" if kind == "integer" else "number"
    if "exclusiveMinimum" in node:
        words += f" above {node['exclusiveMinimum']}"
    if "exclusiveMaximum" in node:
        words += f", below {node['exclusiveMaximum']}"
    if "minimum" in node and "maximum" in node:
        return f"{words} from {node['minimum']} to {node['maximum']}"
    if "minimum" in node:
        words += f", at least {node['minimum']}"
    if "maximum" in node:
        words += f", at most {node['maximum']}"
    return words
