import pytest
from catalogs import package

from lib.archives import fetch, open_archive
from lib.cli import UserError


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder that pip takes packages from, instead of a registry."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def get(path, sha256, version="1.0"):
    fetch("tiny", "tiny-data", version, sha256, path, lambda size: None)


def test_a_wheel_is_fetched_without_what_it_depends_on(shelf, tmp_path):
    wheel, sha256 = package(shelf)
    path = tmp_path / "archives" / "tiny.whl"
    get(path, sha256)
    assert path.read_bytes() == wheel.read_bytes()
    assert [file.name for file in path.parent.iterdir()] == ["tiny.whl"]


def test_a_wheel_that_is_there_is_not_fetched_again(shelf, tmp_path):
    wheel, sha256 = package(shelf)
    path = tmp_path / "tiny.whl"
    get(path, sha256)
    wheel.unlink()
    get(path, sha256)
    assert path.is_file()


def test_a_damaged_wheel_is_fetched_again_and_what_a_killed_run_left_is_removed(shelf, tmp_path):
    wheel, sha256 = package(shelf)
    path = tmp_path / "archives" / "tiny.whl"
    (path.parent / ".tiny.whl.partial").mkdir(parents=True)
    (path.parent / ".tiny.whl.partial" / "half").write_text("half")
    path.write_text("half")
    get(path, sha256)
    assert path.read_bytes() == wheel.read_bytes()
    assert [file.name for file in path.parent.iterdir()] == ["tiny.whl"]


def test_a_wrong_hash_is_one_clear_error_and_leaves_nothing(shelf, tmp_path):
    _, sha256 = package(shelf)
    path = tmp_path / "archives" / "tiny.whl"
    with pytest.raises(UserError, match=f"archives: tiny: .*tiny-data==1.0 has the SHA-256 {sha256}"):
        get(path, "0" * 64)
    assert list(path.parent.iterdir()) == []


def test_a_missing_version_is_one_clear_error_and_leaves_nothing(shelf, tmp_path):
    _, sha256 = package(shelf)
    path = tmp_path / "archives" / "tiny.whl"
    with pytest.raises(
        UserError, match=r"tiny-data==2.0 could not be downloaded, pip says: .*config"
    ) as error:
        get(path, sha256, "2.0")
    assert "\n" not in str(error.value)
    assert list(path.parent.iterdir()) == []


def test_a_registry_that_does_not_answer_is_named_as_such(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "archives" / "tiny.whl"
    with pytest.raises(
        UserError, match=r"archives: tiny: tiny-data==1.0 .* does not answer; check the network"
    ):
        get(path, "0" * 64)
    assert list(path.parent.iterdir()) == []


def test_a_file_that_is_no_wheel(tmp_path):
    (tmp_path / "a.whl").write_text("no zip")
    with pytest.raises(UserError, match=r"a\.whl: cannot be read as a wheel"):
        open_archive(tmp_path / "a.whl")
