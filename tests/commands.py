"""Runs a script of the pipeline as the rules do: as a process, with options."""

import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent / "workflow" / "scripts"


def run(script, *inputs, **options):
    """The finished process; options that are dicts go as JSON, lists are repeated."""
    command = [sys.executable, SCRIPTS / f"{script}.py"]
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            text = json.dumps(one) if isinstance(one, dict) else str(one)
            command += [f"--{name.replace('_', '-')}", text]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    return subprocess.run([*command, *inputs], capture_output=True, text=True, env=environment)


def done(script, *inputs, **options):
    """As :func:`run`; the process must have succeeded."""
    process = run(script, *inputs, **options)
    assert process.returncode == 0, process.stderr
    return process
