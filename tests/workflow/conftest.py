"""One finished run of the test DAG, which the tests of the workflow start from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock
from tree import TARGET, copy_run, copy_tree, snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with a finished local run; read it, do not change it.

    The processes of one session share it. TOK2COT_FINISHED may name a checkout where the same DAG has
    just run: then what it wrote is copied, and Snakemake, which looks at code and settings, runs the rest.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    tree = shared / "finished" / "tree"
    with FileLock(shared / "finished.lock"):
        if not (shared / "finished.done").exists():
            copy_tree(tree)
            if run := os.environ.get("TOK2COT_FINISHED"):
                copy_run(Path(run), tree)
            snakemake(tree, "--cores", "2", *TARGET)
            (shared / "finished.done").touch()
    return tree
