"""The documentation of the config is what the schema says."""

import subprocess
from pathlib import Path

from commands import run

ROOT = Path(__file__).resolve().parent.parent.parent


def document(schema: Path, output: Path) -> subprocess.CompletedProcess:
    return run("config_document", schema=schema, document=output)


def test_readme_of_the_config_is_up_to_date(tmp_path: Path) -> None:
    made = tmp_path / "README.md"
    done = document(ROOT / "config" / "schema.yaml", made)
    assert done.returncode == 0, done.stderr
    remedy = "make format writes it anew"
    assert made.read_text() == (ROOT / "config" / "README.md").read_text(), remedy


def test_a_key_without_description_fails_and_writes_nothing(tmp_path: Path) -> None:
    schema = tmp_path / "schema.yaml"
    schema.write_text(
        "title: t\ndescription: d\ntype: object\nproperties:\n"
        "  lora: {description: d, type: object, properties: {rank: {type: integer}}}\n"
    )
    done = document(schema, tmp_path / "README.md")
    assert done.returncode != 0
    assert "lora.rank: the schema does not describe this key" in done.stderr
    assert list(tmp_path.iterdir()) == [schema]
