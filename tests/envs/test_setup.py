"""The installation: done once, gone on with after an error, with one clear message where it cannot."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ENVS = Path(__file__).resolve().parent.parent.parent / "envs"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project that needs no package, so that nothing is fetched."""
    (tmp_path / "envs").mkdir()
    for name in ("setup.py", "torch.lock"):
        shutil.copy(ENVS / name, tmp_path / "envs")
    (tmp_path / "envs" / "requirements.lock").write_text("pip\n")
    return tmp_path


def setup(tree: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "envs/setup.py", *arguments],
        cwd=tree,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


def test_a_second_setup_does_nothing_and_an_error_is_gone_on_from(tree: Path) -> None:
    first = setup(tree, "--without-torch")
    assert first.returncode == 0, first.stderr
    assert ".venv is ready" in first.stdout
    again = setup(tree, "--without-torch")
    assert again.stdout == "setup: .venv is up to date\n"

    lock = tree / "envs" / "requirements.lock"
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9", "PIP_EXTRA_INDEX_URL": "", "PIP_RETRIES": "0"}
    lock.write_text("tok2cot-has-no-such-package==1\n")
    failed = setup(tree, "--without-torch", PIP_CONFIG_FILE=os.devnull, **nowhere)
    assert failed.returncode == 1
    assert "could not be installed; see that pip reaches its package index" in failed.stderr
    assert "Traceback" not in failed.stderr

    lock.write_text("pip\n")
    assert ".venv is ready" in setup(tree, "--without-torch").stdout


def test_an_unknown_option_explains_and_does_nothing(tree: Path) -> None:
    run = setup(tree, "--gpu")
    assert run.returncode == 1
    assert "python3 envs/setup.py" in run.stderr
    assert not (tree / ".venv").exists()


def test_an_old_python_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("setup", ENVS / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(shutil, "which", lambda name: name if name == "python3.12" else None)
    assert module.too_old().endswith("run it with python3.12")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "Python 3.11 or later is needed" in module.too_old()
