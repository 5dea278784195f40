"""Write the documentation of the configuration's keys from its schema.

Example:
    python workflow/scripts/config_document.py --schema config/schema.yaml --document config/README.md

READS   the JSON schema, as YAML
WRITES  a Markdown document: each key, what is allowed, and what it means
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from lib.cli import main


def config_document(
    schema: Annotated[Path, typer.Option(help="Schema of the configuration.")],
    document: Annotated[Path, typer.Option(help="Markdown file to write.")],
) -> None:
    """Write the documentation of the configuration's keys from its schema."""
    import yaml

    from lib.schema_document import markdown

    text = markdown(yaml.safe_load(schema.read_text(encoding="utf-8")))
    partial = document.with_name(f".{document.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, document)


if __name__ == "__main__":
    main(config_document)
