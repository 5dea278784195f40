"""Shared by all rules: config checks, code as input, grids, and the hold on the working folder."""

import atexit
import fcntl
import glob
import json
import os
import platform
import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace

SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))
# Rules call `python`: the one that runs Snakemake, also where its environment is not activated.
os.environ |= {"PATH": os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()])}

from lib import code, configuration, grid

STATE = Path(".snakemake")
FROZEN = STATE / "tok2cot.config.json"
PLAN = STATE / "tok2cot.plan.json"

if not workflow.is_main_process:
    config.clear()
    config.update(json.loads(FROZEN.read_text()))
configuration.check(config, Path(workflow.basedir), workflow.configfiles)

TOKENIZERS = grid.tokenizers(config)
IMPORTS = config["tokenizer"]["imports"]
PRETRAINED = grid.pretrained(config)
TEXT_ARMS = grid.text_arms(config)
ARMS = grid.arms(config)
TRAINED = grid.cells(config["lora"]["grid"])
PROBED = grid.probed(config)
UPDATES = grid.updates(config)
COMPARED = grid.compared(config)
CHOOSING = grid.choosing(config)
WRITING = [task for task in config["tasks"] if task not in CHOOSING]
DECODED = grid.decoded(config)
SEARCHED = grid.searched(config)
LOOPS = grid.cells(config["selfimprove"]["grid"], "loops")


wildcard_constraints:
    corpus=r"[^/]+",
    split=r"train|dev|test|template|pool-\d+",
    lang=r"[a-z]{3}_[A-Z][a-z]{3}",
    mix=r"[^/]+",
    tokenizer=r"[^/]+",
    model=r"[^/]+",
    task=r"[^/]+",
    arm=r"[^/]+",
    loop=r"[^/]+",
    tested=r"[^/]+",
    suite=r"[^/]+",
    seed=r"\d+",
    round=r"\d+",
    decoding=r"[^/]+",


def script(name):
    """Path of a script, as an input: editing it reruns the rule."""
    return os.path.relpath(SCRIPTS / f"{name}.py")


def lib(name, *modules):
    """The lib modules that a script imports, as inputs: editing one reruns the rules that use it.

    Modules that a script imports by a name it is given (table_concat) are named here.
    """
    named = [SCRIPTS / "lib" / f"{module}.py" for module in modules]
    return [os.path.relpath(path) for path in [*named, *code.closure(SCRIPTS / f"{name}.py")[1:]]]


def one_of(names):
    """Constraint of a wildcard to some names: two rules write the same kind of folder."""
    return "|".join(map(re.escape, names)) or r"(?!)"


def as_json(settings):
    """Settings as one command-line argument."""
    return json.dumps(settings, sort_keys=True)


def repeated(option, paths):
    """Paths as one option, repeated."""
    return " ".join(f"--{option} {path}" for path in paths)


def more_each_try(mem_mb):
    """Memory of a job that runs a model of the user's choice: the declared amount, then its multiples."""
    return lambda wildcards, attempt: mem_mb * attempt


def write_plan(pack, cells):
    """Write down which cells may train in one process, for the jobs that train them; else no plan.

    It is no input: what a cell comes to does not depend on it, and neither adding a cell nor packing
    makes another one run again.
    """
    PLAN.unlink(missing_ok=True)
    if pack > 1:
        PLAN.write_text(as_json({"pack": pack, "cells": cells}))


def claim_folder():
    """Hold the working folder for this run: as long as its process lives, however it ends.

    The lock of a run that was killed is removed, that of a run that is alive is kept. The configuration is
    written down for jobs on a cluster, which parse the workflow anew: what is edited in a config file
    meanwhile is for the next run.
    """
    global CLAIM  # kept open until the process ends
    STATE.mkdir(exist_ok=True)
    CLAIM = open(STATE / "tok2cot.lock", "w")
    for _ in range(10):
        try:
            fcntl.flock(CLAIM, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.3)  # a look at the workflow, like --lint, is soon over
            continue
        except OSError:  # a file system without such locks: those of dead runs stay, as Snakemake has it
            break
        for lock in (STATE / "locks").glob("*.lock"):
            lock.unlink()
        break
    else:
        return  # another run is alive, and Snakemake will say so
    FROZEN.write_text(as_json(config))


if workflow.is_main_process and not workflow.output_settings.dryrun:
    claim_folder()


def last_line(text):
    """Print a line after all that Snakemake has to say; a job on a cluster has nothing to add."""
    if workflow.is_main_process:
        atexit.register(print, text, file=sys.stderr)


onsuccess:
    finished = set(workflow.dag_settings.targets) or {"all"}
    report_line = ", the report is results/report.html" if finished & {"all", "report"} else ""
    last_line(f"Finished {', '.join(sorted(finished))}: results are in results/{report_line}.")


onerror:
    last_line(
        f"Stopped: what went wrong is in results/logs/ and in {log[0]}. The same command goes on from here."
    )
