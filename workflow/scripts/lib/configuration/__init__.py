"""Checks of the configuration, before any job: a closed schema, then what a schema cannot say."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lib.configuration.mistake import Mistake, dotted
from lib.configuration.places import Places
from lib.configuration.references import CROSS_CHECKS
from lib.configuration.schema import read_text_values, schema_mistakes

SCHEMA = Path("config") / "schema.yaml"


def check(config: dict[str, Any], root: Path, files: list[str]) -> None:
    """Stop with every mistake of the configuration, each with its key, its file and the remedy.

    Values that ``--config`` gave as text first get their type, in place.

    Args:
        config: the configuration as Snakemake merged it.
        root: folder of the Snakefile; the schema is ``config/schema.yaml`` in it.
        files: the config files that were merged.

    Raises:
        snakemake.exceptions.WorkflowError: there is a mistake.
    """
    read_text_values(config, root / SCHEMA, Places(config, files))
    found = mistakes(config, root, files)
    if found:
        from snakemake.exceptions import WorkflowError

        raise WorkflowError("\n".join(["The configuration cannot be run:", *(f"  {line}" for line in found)]))


def mistakes(config: dict[str, Any], root: Path, files: list[str]) -> list[str]:
    """Every mistake of the configuration, one line each; see :func:`check`."""
    found = list(schema_mistakes(config, root / SCHEMA))
    wrong = {mistake.key[0] for mistake in found if mistake.key}
    for rule, sections in CROSS_CHECKS.items():
        if wrong.isdisjoint(sections) and all(section in config for section in sections):
            found += rule(config)
    found += _results_mistakes(Path("results"))
    if not found:
        return []
    places = Places(config, files)
    return list(
        dict.fromkeys(f"{dotted(key)}{places.of(key)}: {problem}; {remedy}" for key, problem, remedy in found)
    )


def _results_mistakes(results: Path) -> Iterator[Mistake]:
    """Whether a file can be made where results go; the trial file has no name and is gone at once."""
    folder = results if results.exists() else results.absolute().parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        problem = f"cannot be written ({error.strerror})"
        yield Mistake((str(results.absolute()),), problem, "make it a folder that you can write to")
