"""One finished run of the test DAG, which the tests of the workflow start from."""

from __future__ import annotations

from pathlib import Path

import pytest
from tree import TARGET, copy_tree, snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with a finished local run; read it, do not change it."""
    tree = copy_tree(tmp_path_factory.mktemp("finished") / "tree")
    snakemake(tree, "--cores", "2", *TARGET)
    return tree
