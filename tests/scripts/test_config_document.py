"""The documentation of the config is what the schema says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "workflow" / "scripts" / "config_document.py"


def document(schema: Path, output: Path) -> subprocess.CompletedProcess:
    arguments = ["--schema", str(schema), "--document", str(output)]
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True)


def test_readme_of_the_config_is_up_to_date(tmp_path: Path) -> None:
    made = tmp_path / "README.md"
    run = document(ROOT / "config" / "schema.yaml", made)
    assert run.returncode == 0, run.stderr
    remedy = "make format writes it anew"
    assert made.read_text() == (ROOT / "config" / "README.md").read_text(), remedy


def test_a_key_without_description_fails_and_writes_nothing(tmp_path: Path) -> None:
    schema = tmp_path / "schema.yaml"
    schema.write_text(
        "title: t\ndescription: d\ntype: object\nproperties:\n"
        "  lora: {description: d, type: object, properties: {rank: {type: integer}}}\n"
    )
    run = document(schema, tmp_path / "README.md")
    assert run.returncode != 0
    assert "lora.rank: the schema does not describe this key" in run.stderr
    assert list(tmp_path.iterdir()) == [schema]
