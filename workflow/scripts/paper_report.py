"""Make the report: every figure with its caption in one HTML file that opens without a network.

Example:
    python workflow/scripts/paper_report.py --snakefile Snakefile --overrides '{"seed": 1}' \
        --report results/report.html results/paper/figures/fertility.svg

READS   figures that exist, the workflow with its captions, and what Snakemake noted about the jobs
WRITES  the report
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main, settings
from lib.progress import Work


def make_report(
    snakefile: Annotated[Path, typer.Option(help="The workflow.")],
    overrides: Annotated[str, typer.Option(help="What the run sets beside its default config, as JSON.")],
    report: Annotated[Path, typer.Option(help="HTML file to write.")],
    figures: Annotated[list[Path], typer.Argument(help="Figures to show.")],
) -> None:
    """Make the report: every figure with its caption in one HTML file that opens without a network."""
    changed = settings(overrides)
    partial = report.with_name(f".partial-{report.name}")
    # A profile of the user's could ask for a cluster; the report only reads.
    environment = {name: value for name, value in os.environ.items() if name != "SNAKEMAKE_PROFILE"}
    with Work("paper_report", 1, "reports"), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.json"
        file.write_text(json.dumps(changed), encoding="utf-8")
        command = [
            *(sys.executable, "-m", "snakemake", "--snakefile", snakefile, "--configfile", file),
            # Nothing is run and no lock is taken: the run that this is a part of holds it.
            *("--dry-run", "--nolock", "--cores", "1", "--workflow-profile", "none"),
            *("--report", partial, "--", *figures),
        ]
        try:
            subprocess.run(command, env=environment, check=True)
            os.replace(partial, report)
        finally:
            partial.unlink(missing_ok=True)


if __name__ == "__main__":
    main(make_report)
