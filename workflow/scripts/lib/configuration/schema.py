"""What the schema says about a configuration, in words that name the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lib.configuration.mistake import Mistake, choose
from lib.configuration.places import COMMAND_LINE, Loader, Places


@cache
def _validator(path: Path) -> Any:
    """The validator of the schema at ``path``."""
    from jsonschema import Draft202012Validator, validators

    with open(path, encoding="utf-8") as file:
        schema = yaml.load(file, Loader=Loader)
    # JSON has one kind of number; here a size of 4000.0 would become a name of its own.
    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    return validators.extend(Draft202012Validator, type_checker=types)(schema)


def errors(config: dict[str, Any], path: Path) -> list[Any]:
    """What breaks the schema at ``path``, as jsonschema tells it, sorted by key."""
    return sorted(
        _validator(path).iter_errors(config), key=lambda error: [str(part) for part in error.absolute_path]
    )


def schema_mistakes(config: dict[str, Any], path: Path) -> Iterator[Mistake]:
    """What breaks the schema at ``path``."""
    for error in errors(config, path):
        yield from _explain(error)


def read_text_values(config: dict[str, Any], path: Path, places: Places) -> None:
    """Give text from the command line the type that the schema wants, in place.

    Snakemake leaves all values inside a block of ``--config`` as text.
    """
    for error in errors(config, path):
        key, value = tuple(error.absolute_path), error.instance
        wrong = error.validator == "type" or _is_quoted(error)
        if wrong and isinstance(value, str) and places.of(key) == COMMAND_LINE:
            read = yaml.load(value, Loader=Loader)
            read = float(value) if isinstance(read, str) and _is_number(value) else read
            block = config
            for part in key[:-1]:
                block = block[part]
            block[key[-1]] = read


def _explain(error: Any) -> Iterator[Mistake]:
    """What an error of jsonschema means to a person."""
    key, value, limit = tuple(error.absolute_path), error.instance, error.validator_value
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            for name in value:
                if name not in known:
                    yield Mistake((*key, name), "unknown key", choose(name, known))
        case "required":
            for name in limit:
                if name not in value:
                    yield Mistake(
                        key, f"lacks the key {name!r}", "add it; config/README.md says what it means"
                    )
        case "dependentRequired":
            yield Mistake(key, error.message, "give both or neither")
        case "type":
            kinds = " or ".join(KINDS[kind] for kind in ([limit] if isinstance(limit, str) else limit))
            remedy = f"give {kinds}"
            if isinstance(value, str) and {"number", "integer"} & {limit} and _is_number(value):
                remedy = _as_number(value)
            yield Mistake(key, f"{_shown(value)} is not {kinds}", remedy)
        case "enum":
            yield Mistake(key, f"unknown value {_shown(value)}", choose(value, limit))
        case "const" | "contains":
            allowed = limit if error.validator == "const" else limit["const"]
            problem = f"{_shown(value)} is not possible here"
            yield Mistake(
                key, problem, f"{'the only choice is' if error.validator == 'const' else 'add'} {allowed!r}"
            )
        case "minimum" | "exclusiveMinimum":
            bound = "at least" if error.validator == "minimum" else "more than"
            yield Mistake(key, f"{_shown(value)} is too small", f"give {bound} {limit}")
        case "maximum" | "exclusiveMaximum":
            bound = "at most" if error.validator == "maximum" else "less than"
            yield Mistake(key, f"{_shown(value)} is too large", f"give {bound} {limit}")
        case "oneOf":
            choices = " or ".join(repr(choice["required"][0]) for choice in limit)
            yield Mistake(key, f"needs either {choices}", "give exactly one of them")
        case "minItems" | "minLength":
            yield Mistake(key, "is empty", f"give at least {limit}")
        case "uniqueItems":
            twice = next(item for item in value if value.count(item) > 1)
            yield Mistake(key, f"names {_shown(twice)} twice", "name it once")
        case "pattern" if _is_quoted(error):
            yield Mistake(key, f"{_shown(value)} is text", _as_number(value))
        case "pattern":
            yield Mistake(key, f"{_shown(value)} has the wrong form", f"it must match {limit}")
        case _:
            yield Mistake(key, error.message, "config/README.md says what is allowed")


KINDS = {
    "object": "a block of keys",
    "array": "a list",
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
}


def _shown(value: Any) -> str:
    text = repr(dict(value) if isinstance(value, dict) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_quoted(error: Any) -> bool:
    """Whether a text is wrong that would be right as the number that it spells."""
    return error.validator == "pattern" and "number" in error.schema["type"] and _is_number(error.instance)


def _as_number(text: str) -> str:
    number = int(text) if text.isdigit() else float(text)
    return f"write it as a number: {number!r} (YAML reads {text!r} as text)"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
