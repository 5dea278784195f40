"""Where in the config files a key stands."""

from __future__ import annotations

from typing import Any

import yaml

from lib.configuration.mistake import Key

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
COMMAND_LINE = " (given with --config)"


class Places:
    """The files that a configuration was merged from.

    Args:
        config: the merged configuration.
        files: the files, in any order.
    """

    def __init__(self, config: dict[str, Any], files: list[str]) -> None:
        self.config = config
        self.files = []
        for name in files:
            with open(name, encoding="utf-8") as file:
                text = file.read()
            self.files.append((name, yaml.load(text, Loader=Loader), yaml.compose(text, Loader=Loader)))

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
