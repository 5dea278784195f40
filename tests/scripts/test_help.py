"""Every script tells its options at once: nothing heavy is imported before there is work."""

import json
import subprocess
import sys

import pytest
from commands import SCRIPTS

NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))
SECONDS = 1.5  # of processor time

# A process that has imported what every script needs forks for each of them: 30 starts in one second.
PROGRAM = """
import json, os, resource, runpy, sys, tempfile, time
scripts, names = sys.argv[1], sys.argv[2:]
sys.path.insert(0, scripts)
import typer, pandas, pyarrow.parquet
shared, found = time.process_time(), {}
for name in names:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile("w+") as output:
        if not (child := os.fork()):
            os.dup2(output.fileno(), 1)
            sys.argv = [name, "--help"]
            code = 1
            try:
                runpy.run_path(f"{scripts}/{name}.py", run_name="__main__")
            except SystemExit as end:
                code = end.code or 0
            sys.stdout.flush()
            print("\\n#", *sorted({module.split(".")[0] for module in sys.modules}), flush=True)
            os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        output.seek(0)
        text, modules = output.read().rsplit("\\n#", 1)
        own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found[name] = {"code": code, "text": text, "modules": modules.split(), "seconds": shared + own}
print(json.dumps(found))
"""
HEAVY = {
    "torch",
    "transformers",
    "peft",
    "datasets",
    "lm_eval",
    "matplotlib",
    "seaborn",
    "scipy",
    "reasoning_gym",
    "icu",
    "fugashi",
    "sacrebleu",
}


@pytest.fixture(scope="module")
def helped():
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, SCRIPTS, *NAMES], capture_output=True, text=True, check=True
    )
    return json.loads(process.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_help_is_quick_and_says_what_the_options_are(helped, name):
    told = helped[name]
    assert told["code"] == 0
    assert "Usage:" in told["text"] and "--" in told["text"].replace("--help", "")
    assert HEAVY.isdisjoint(told["modules"])
    assert told["seconds"] < SECONDS
