"""Command-line glue: each script is one typed function, bound here to its options."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer


class UserError(Exception):
    """A mistake in the input that the user can mend; printed as one line, without a traceback.

    The message names the file, the key or option, and the remedy.
    """


def main(step: Callable[..., None]) -> None:
    """Run ``step`` as a command-line program.

    The docstring of ``step`` is the help text. A :class:`UserError` or a missing file ends the program
    with status 1 and one clear line; anything else is a defect and keeps its traceback.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(step)
    try:
        app()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except FileNotFoundError as error:
        said = f"{error.filename}: there is no such file" if error.filename else error
        print(f"error: {said}", file=sys.stderr)
        sys.exit(1)


def settings(text: str) -> dict[str, Any]:
    """Parse a settings option: a JSON object, or the path of a file that holds one.

    Raises:
        UserError: the text is neither.
    """
    source = text
    if not text.lstrip().startswith(("{", "[")):
        path = Path(text)
        if not path.is_file():
            raise UserError(f"settings {text!r} are neither a JSON object nor a file that exists")
        source = path.read_text(encoding="utf-8")
    try:
        value = json.loads(source)
    except json.JSONDecodeError as error:
        raise UserError(f"settings {text[:80]!r} are not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise UserError(f"settings {text[:80]!r} must be a JSON object")
    return value
