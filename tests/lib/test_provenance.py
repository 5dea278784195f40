import json
import platform
import sys
from pathlib import Path

from lib import provenance
from lib.provenance import sha256

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_what_is_recorded(tmp_path, monkeypatch):
    (tmp_path / "empty").touch()
    monkeypatch.setattr(sys, "argv", ["step.py", "--name", "two words"])
    record = provenance.provenance([tmp_path / "empty"], {"seed": 1, "dtype": "float32"})
    assert record["inputs"] == {str(tmp_path / "empty"): EMPTY}
    assert record["command"].endswith("step.py --name 'two words'")
    assert record["python"] == platform.python_version()
    assert record["versions"]["pyarrow"]
    assert (record["seed"], record["dtype"]) == (1, "float32")
    json.dumps(record)


def test_packages_that_are_not_installed_are_left_out(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("pandas", "no-such-package-at-all"))
    assert list(provenance.provenance([], {})["versions"]) == ["pandas"]


def test_outside_a_repository_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "none"))
    record = provenance.provenance([], {})
    assert record["commit"] is None and record["dirty"] is None


def test_hash_of_a_file(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a").startswith("ba7816bf8f01cfea")
