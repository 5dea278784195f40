"""Shared by all rules: config checks, code as input, grids, and the lock of a dead run."""

import atexit
import fcntl
import glob
import json
import os
import sys
from pathlib import Path

SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))
# Rules call `python`: the one that runs Snakemake, also where its environment is not activated.
os.environ |= {"PATH": os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()])}

from lib import code, configuration, grid

configuration.check(config, Path(workflow.basedir), workflow.configfiles)

TOKENIZERS = grid.tokenizers(config)
ARMS = grid.arms(config)
TRAINED = grid.cells(config["lora"]["grid"])
EVALUATED = grid.evaluated(config)
BRANCHING = grid.cells(config["evaluation"]["branching"])
LOOPS = grid.cells(config["selfimprove"]["grid"], "loops")


wildcard_constraints:
    corpus=r"[^/]+",
    split=r"train|dev|test|pool-\d+",
    lang=r"[a-z]{3}_[A-Z][a-z]{3}",
    tokenizer=r"[^/]+",
    model=r"[^/]+",
    task=r"[^/]+",
    arm=r"[^/]+",
    loop=r"[^/]+",
    seed=r"\d+",
    round=r"\d+",


def script(name):
    """Path of a script, as an input: editing it reruns the rule."""
    return os.path.relpath(SCRIPTS / f"{name}.py")


def lib(name, *modules):
    """The lib modules that a script imports, as inputs: editing one reruns the rules that use it.

    Modules that a script imports by a name it is given (table_concat) are named here.
    """
    named = [SCRIPTS / "lib" / f"{module}.py" for module in modules]
    return [os.path.relpath(path) for path in [*named, *code.closure(SCRIPTS / f"{name}.py")[1:]]]


def as_json(settings):
    """Settings as one command-line argument."""
    return json.dumps(settings, sort_keys=True)


def release_dead_lock():
    """Remove the lock of a run that was killed; keep that of a run that is alive.

    A run holds an advisory lock on a file for as long as its process lives, however it ends.
    """
    global RUN_LOCK  # kept open until the process ends
    state = Path(".snakemake")
    state.mkdir(exist_ok=True)
    RUN_LOCK = open(state / "tok2cot.lock", "w")
    try:
        fcntl.flock(RUN_LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    for lock in (state / "locks").glob("*.lock"):
        lock.unlink()


if workflow.is_main_process and not workflow.output_settings.dryrun:
    release_dead_lock()


def last_line(text):
    """Print a line after all that Snakemake has to say."""
    atexit.register(print, text, file=sys.stderr)


onsuccess:
    last_line("Finished: tables and figures are in results/, the report is results/report.html.")


onerror:
    last_line(
        f"Stopped: what went wrong is in results/logs/ and in {log}. The same command goes on from here."
    )
