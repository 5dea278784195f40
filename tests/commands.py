"""Runs a script of the pipeline as the rules do: as a process, with options.

The process is a fork of one that has imported what most scripts import, which takes seconds: that one is
made at the first use, and ends with the tests. What Python reads when it starts, like the seed of its
hashes, cannot be set in a fork: with ``environment``, the script gets an interpreter of its own.
"""

import json
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parent
SCRIPTS = TESTS.parent / "workflow" / "scripts"
IMPORTED = [
    "typer",
    "pandas",
    "pyarrow.parquet",
    "scipy.stats",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.llama.modeling_llama",
    "peft",
    "snakemake.cli",
]
# Elsewhere, what lies below these may not survive a fork.
FORKS = multiprocessing.get_context("forkserver") if sys.platform == "linux" else None
if FORKS:
    FORKS.set_forkserver_preload(IMPORTED)


def run(script, *inputs, environment=None, **options):
    """The finished process; options that are dicts go as JSON, lists are repeated."""
    words = [str(SCRIPTS / f"{script}.py")]
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            text = json.dumps(one) if isinstance(one, dict) else str(one)
            words += [f"--{name.replace('_', '-')}", text]
    words += map(str, inputs)
    if environment is None:
        return fork(words)
    environment = {**os.environ, **environment}
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, env=environment)


def done(script, *inputs, **options):
    """As :func:`run`; the process must have succeeded."""
    process = run(script, *inputs, **options)
    assert process.returncode == 0, process.stderr
    return process


def fork(words, folder=None):
    """The finished process of ``python WORDS`` in a folder; the first word is a file, or -m."""
    if not FORKS:
        return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True)
    with tempfile.TemporaryDirectory() as files:
        said = [Path(files, name) for name in ("stdout", "stderr")]
        process = FORKS.Process(target=_be, args=(words, folder or os.getcwd(), {**os.environ}, said))
        process.start()
        process.join()
        return subprocess.CompletedProcess(words, process.exitcode, *(path.read_text() for path in said))


def _be(words, folder, environment, said):
    """Become ``python WORDS`` in the fork, as far from the tests as a process of its own would be."""
    for descriptor, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ |= environment
    sys.path[:] = [path for path in sys.path if path not in (str(TESTS), str(SCRIPTS), str(TESTS.parent))]
    if words[0] == "-m":
        sys.argv[:] = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = words
        sys.path.insert(0, str(Path(words[0]).parent))
        runpy.run_path(words[0], run_name="__main__")
