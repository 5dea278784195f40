"""Where a result comes from: written into the metadata of every table."""

from __future__ import annotations

import hashlib
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "snakemake",
    "torch",
    "transformers",
    "peft",
    "tokenizers",
    "gensim",
    "sentencepiece",
    "splintr-rs",
    "pyarrow",
    "pandas",
    "numpy",
    "pyicu-wheels",
    "fugashi",
    "unidic-lite",
    "sacrebleu",
    "reasoning-gym",
)


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git(*arguments: str) -> str | None:
    root = Path(__file__).resolve().parent
    try:
        run = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return run.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _device() -> str:
    """The device that torch computed on, without importing torch where a step did not."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return platform.processor() or platform.machine()


def provenance(inputs: Iterable[Path], facts: dict[str, Any]) -> dict[str, Any]:
    """What made a table: code, command line, versions, device, hashes of the input files.

    Args:
        inputs: files whose SHA-256 is recorded.
        facts: what only the step knows, like seed, dtype and threads.
    """
    status = _git("status", "--porcelain")
    return {
        "commit": _git("rev-parse", "HEAD"),
        "dirty": None if status is None else bool(status),
        "command": shlex.join([sys.executable, *sys.argv]),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": _device(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
        "inputs": {str(path): sha256(path) for path in inputs},
        **facts,
    }
