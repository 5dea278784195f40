"""Which files of this project a script runs: the closure of its imports."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent

# Modules that cannot change a result: an edit of these reruns nothing.
PLUMBING = {"lib/cli.py", "lib/progress.py", "lib/provenance.py"}


@cache
def _imports(path: Path) -> frozenset[Path]:
    """The modules under ``lib`` that one file imports, wherever in the file it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "lib":
                module = SCRIPTS.joinpath(*name.split("."))
                packages = [folder for folder in (module, *module.parents) if SCRIPTS in folder.parents]
                files = [module.with_suffix(".py"), *(folder / "__init__.py" for folder in packages)]
                found.update(file for file in files if file.is_file())
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
