"""A copy of this project to run the workflow in, so that a test leaves nothing behind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from commands import fork

ROOT = Path(__file__).resolve().parent.parent
TARGET = ["all", "--configfile", "config/test.yaml"]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".snakemake", ".*_cache", "__pycache__")
RUN = ("results", ".snakemake")  # what a run writes


def copy_tree(folder: Path, source: Path = ROOT) -> Path:
    """Copy the project, without results and what tools leave behind, and return the folder."""
    folder.mkdir(parents=True)
    for path in source.iterdir():
        if path.name == "results":
            (folder / "results").mkdir()
        elif path.is_dir() and path.name not in LEFT_OUT(str(source), os.listdir(source)):
            shutil.copytree(path, folder / path.name, ignore=LEFT_OUT)
        elif path.is_file():
            shutil.copy2(path, folder / path.name)
    return folder


def copy_run(source: Path, tree: Path) -> None:
    """Put what a run of the same code has written into a copy of the project."""
    for name in RUN:
        shutil.copytree(source / name, tree / name, dirs_exist_ok=True)


def command(*arguments: str) -> list[str]:
    """The command line of a Snakemake run with the Python of the tests."""
    return [sys.executable, "-m", "snakemake", *arguments]


def snakemake(tree: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
    """Run Snakemake in a copy; what it says is in ``stdout``, with the errors.

    Args:
        tree: folder of the copy.
        arguments: what would follow ``snakemake`` on the command line.
        check: fail when Snakemake does, and show what it said.
    """
    run = subprocess.run(
        command(*arguments), cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if check and run.returncode:
        raise AssertionError(
            f"snakemake {' '.join(arguments)} ended with {run.returncode}:\n{run.stdout[-8000:]}"
        )
    return run


def planned(tree: Path, *arguments: str) -> dict[str, int]:
    """Jobs by rule that a run would start."""
    run = fork(["-m", "snakemake", "-n", *(arguments or TARGET)], tree)
    assert run.returncode == 0, run.stdout + run.stderr
    said = run.stdout + run.stderr
    if "Nothing to be done" in said:
        return {}
    table = said.split("Job stats:", 1)[1].split("total", 1)[0]
    return {rule: int(count) for rule, count in re.findall(r"^(\w+)\s+(\d+)$", table, re.MULTILINE)}
