"""Where in the config files a key stands."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import yaml

from lib.configuration.mistake import Key

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
COMMAND_LINE = " (given with --config)"


class Places:
    """The files that a configuration was merged from, read once there is something to say about a key.

    Args:
        config: the merged configuration.
        files: the files, in any order.
    """

    def __init__(self, config: dict[str, Any], files: list[str]) -> None:
        self.config = config
        self.names = files

    @cached_property
    def files(self) -> list[tuple[str, Any, yaml.Node]]:
        """Each file's name, what it says, and where."""
        found = []
        for name in self.names:
            with open(name, encoding="utf-8") as file:
                text = file.read()
            found.append((name, yaml.load(text, Loader=Loader), yaml.compose(text, Loader=Loader)))
        return found

    def of(self, key: Key) -> str:
        """The files and lines that give the key its value; of a key that is nowhere, those of its parent."""
        for length in range(len(key), 0, -1):
            part = key[:length]
            try:
                value = _value(self.config, part)
            except LookupError:
                continue
            found = [
                f"{name}, line {_line(node, part)}"
                for name, data, node in self.files
                if _gives(data, part, value)
            ]
            return f" ({' or '.join(found)})" if found else COMMAND_LINE
        return ""


def _gives(data: dict[str, Any], key: Key, value: Any) -> bool:
    """Whether a file's key has the value; blocks are merged from several files, so any block has."""
    try:
        given = _value(data, key)
    except LookupError:
        return False
    return isinstance(given, dict) or given == value


def _value(data: Any, key: Key) -> Any:
    """The value of a key.

    Raises:
        LookupError: there is no such key.
    """
    for part in key:
        if not isinstance(data, dict | list):
            raise LookupError(part)
        data = data[part]
    return data


def _line(node: yaml.Node, key: Key) -> int:
    """The line that a key stands in, from 1."""
    line = 0
    for part in key:
        if isinstance(node, yaml.MappingNode):
            name, node = next(pair for pair in node.value if pair[0].value == str(part))
            line = name.start_mark.line
        else:
            node = node.value[part]
            line = node.start_mark.line
    return line + 1
