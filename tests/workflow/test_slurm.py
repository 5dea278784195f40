"""The chain of the test DAG through a real SLURM gives the tables of a local run.

Where there is no cluster, tests/workflow/slurm/start.sh starts one on this machine.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from equal import differences
from tree import TARGET, copy_tree, snakemake


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


# From corpora to a round of the loop. A job through SLURM starts Snakemake twice, which takes longer than
# most of what the test DAG does: few cells, and none of the rules that differ from these only in the script
# that they call. What each rule asks for is checked in test_dag.py.
CHAIN = ["results/tokenizer/metrics.parquet", "rounds", *TARGET[1:], "tests/workflow/slurm/cells.yaml"]


def test_slurm_gives_the_tables_of_a_local_run(finished: Path, tmp_path: Path) -> None:
    tree = copy_tree(tmp_path / "tree", source=finished)
    # Only how often jobs are looked at differs from the profile: here they take seconds.
    polling = ["--slurm-init-seconds-before-status-checks", "1"]
    said = snakemake(tree, "--workflow-profile", "profiles/slurm", *polling, *CHAIN).stdout
    assert "has been submitted with SLURM jobid" in said
    local = Path(shutil.copytree(finished, tmp_path / "local", symlinks=True))
    snakemake(local, "--cores", "2", *CHAIN)
    assert differences(tree / "results", local / "results", part=True) == []
    again = snakemake(tree, "--workflow-profile", "profiles/slurm", *polling, *CHAIN).stdout
    assert "Nothing to be done" in again
