"""Which files of this project a script runs: the closure of its imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent

# Modules that cannot change a result: an edit of these reruns nothing.
PLUMBING = {"lib/cli.py", "lib/progress.py", "lib/provenance.py"}


def _statements(body: list[ast.AST]) -> Iterator[ast.AST]:
    """All statements of a file, however deep; an import is one, so that no expression is looked at."""
    for statement in body:
        yield statement
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from _statements(getattr(statement, name, []))


@cache
def _files(scripts: Path, module: str) -> frozenset[Path]:
    """The files that an import of a module runs: its own and those of the packages around it."""
    folder = scripts.joinpath(*module.split("."))
    packages = [folder, *folder.parents][: module.count(".") + 1]
    files = [folder.with_suffix(".py"), *(package / "__init__.py" for package in packages)]
    return frozenset(file for file in files if file.is_file())


@cache
def _imports(path: Path) -> frozenset[Path]:
    """The modules under ``lib`` that one file imports, wherever in the file it does."""
    found: set[Path] = set()
    for statement in _statements(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            module = statement.module
            names = [module, *(f"{module}.{alias.name}" for alias in statement.names)]
        else:
            continue
        found.update(*(_files(SCRIPTS, name) for name in names if name.split(".")[0] == "lib"))
    return frozenset(found)


def closure(script: Path) -> list[Path]:
    """A script and every ``lib`` module that it imports, directly or not, without the plumbing.

    Args:
        script: path of a Python file under ``workflow/scripts``.

    Returns:
        The script first, then the modules, sorted by path.

    Raises:
        FileNotFoundError: there is no such script.
    """
    seen: set[Path] = set()
    waiting = [script.resolve()]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(_imports(path))
    modules = sorted(path for path in seen if path.relative_to(SCRIPTS).as_posix() not in PLUMBING)
    modules.remove(script.resolve())
    return [script.resolve(), *modules]
