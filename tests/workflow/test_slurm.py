"""The test DAG through a real SLURM gives the tables of a local run.

Where there is no cluster, tests/workflow/slurm/start.sh starts one on this machine.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from equal import differences
from tree import TARGET, copy_tree, planned, snakemake


def why_no_slurm() -> str:
    """Why jobs cannot be submitted here; empty where they can."""
    if shutil.which("sbatch") is None:
        return "there is no sbatch on this machine"
    try:
        subprocess.run(["sinfo", "--noheader"], capture_output=True, check=True, timeout=5)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return "sbatch is here, but no cluster answers; tests/workflow/slurm/start.sh starts one"
    return ""


MISSING = why_no_slurm()
pytestmark = [pytest.mark.slurm, pytest.mark.skipif(bool(MISSING), reason=MISSING)]


# A job through SLURM starts Snakemake twice, which takes longer than most of what the test DAG does: few
# cells of each grid, and no figures, whose rules differ from those of tables in nothing that SLURM sees.
TABLES = ["tokenizers", "models", "pretraining", "adapters", "expressivity", "interference"]
TABLES += ["scores", "rounds", "reach"]
CELLS = [*TABLES, *TARGET[1:], "tests/workflow/slurm/cells.yaml"]


def test_slurm_gives_the_tables_of_a_local_run(finished: Path, tmp_path: Path) -> None:
    tree = copy_tree(tmp_path / "tree", source=finished)
    tables = planned(tree, *TABLES, *TARGET[1:])
    assert planned(tree, *CELLS).keys() == tables.keys(), "a rule has no cell for SLURM"
    # Only how often jobs are looked at differs from the profile: here they take seconds.
    polling = ["--slurm-init-seconds-before-status-checks", "1"]
    said = snakemake(tree, "--workflow-profile", "profiles/slurm", *polling, *CELLS).stdout
    assert "has been submitted with SLURM jobid" in said
    local = Path(shutil.copytree(finished, tmp_path / "local", symlinks=True))
    snakemake(local, "--cores", "2", *CELLS)
    found = differences(tree / "results", local / "results")
    assert [line for line in found if not line.endswith(f"only in {local / 'results'}")] == []
    again = snakemake(tree, "--workflow-profile", "profiles/slurm", *polling, *CELLS).stdout
    assert "Nothing to be done" in again
