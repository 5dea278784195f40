import os
import subprocess
import sys
from pathlib import Path

from catalogs import package

SCRIPT = Path(__file__).parents[2] / "workflow" / "scripts" / "corpus_fetch.py"


def run(folder, sha256, version="1.0"):
    offline = {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}
    command = [sys.executable, SCRIPT, "--name", "tiny", "--package", "tiny-data", "--version", version]
    command += ["--sha256", sha256, "--archive", folder / "out" / "tiny.whl"]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **offline})


def test_fetch_and_keep(tmp_path):
    wheel, sha256 = package(tmp_path)
    assert run(tmp_path, sha256).returncode == 0
    assert (tmp_path / "out" / "tiny.whl").read_bytes() == wheel.read_bytes()
    wheel.unlink()
    assert run(tmp_path, sha256).returncode == 0


def test_a_wrong_hash_is_one_line_and_leaves_nothing(tmp_path):
    package(tmp_path)
    done = run(tmp_path, "0" * 64)
    assert done.returncode == 1
    assert done.stderr.startswith("error: archives: tiny: the wheel of tiny-data==1.0 has the SHA-256")
    assert done.stderr.count("\n") == 1
    assert list((tmp_path / "out").iterdir()) == []
