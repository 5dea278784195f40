"""Other tools to compare with, each benchmark's in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path


def cache(name: str) -> Path:
    """A folder for what benchmarks fetch once, in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tok2cot" / "benchmarks" / name


def environment(benchmark: str, pins: list[str]) -> Path:
    """The Python of an environment with pinned packages, in the user's cache folder; it is made once."""
    folder = cache(benchmark)
    python, made = folder / "bin" / "python", folder / "pins.json"
    if not made.is_file() or json.loads(made.read_text()) != pins:
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *pins], check=True)
        made.write_text(json.dumps(pins))
    return python


def unpacked(benchmark: str, pin: str) -> Path:
    """A folder with the files of one pinned package, without what it depends on; it is fetched once."""
    folder = cache(benchmark) / pin
    if not folder.is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        subprocess.run([*command, f"{folder}.partial", pin], check=True)
        os.replace(f"{folder}.partial", folder)
    return folder
