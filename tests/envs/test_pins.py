"""Lock file and conda environments: everything is pinned, once, and each rule's environment is enough."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from lib import code

ROOT = Path(__file__).resolve().parent.parent.parent
ENVS = ROOT / "envs"
# Modules that are loaded by a name in the config, with what they import.
BY_NAME = {
    "corpus_build": [f"sources/{path.name}" for path in (code.SCRIPTS / "lib" / "sources").glob("*.py")],
    "table_concat": ["table.py"],
}
# Modules that the user installs where there is a use for them: evaluation.engine, and energy of a GPU.
CHOSEN = {"vllm", "pynvml"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lines: list[str]) -> dict[str, str]:
    kept = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._+]+", line) for line in kept), kept
    return {canonical(name): version for name, version in (line.split("==") for line in kept)}


def lock() -> dict[str, str]:
    texts = [(ENVS / name).read_text() for name in ("requirements.lock", "torch.lock")]
    return pins("\n".join(texts).splitlines())


def environment(name: str) -> dict[str, str]:
    loaded = yaml.safe_load((ENVS / name).read_text())
    (packages,) = (part["pip"] for part in loaded["dependencies"] if isinstance(part, dict))
    return pins(packages)


def test_the_lock_has_all_that_is_asked_for() -> None:
    wanted = [line.strip() for line in (ENVS / "requirements.in").read_text().splitlines()]
    assert {canonical(name) for name in wanted if name and not name.startswith("#")} <= set(lock())


@pytest.mark.parametrize("path", sorted(ENVS.glob("*.yaml")), ids=lambda path: path.name)
def test_conda_environments_have_the_versions_of_the_lock(path: Path) -> None:
    assert environment(path.name).items() <= lock().items()


def rules() -> list[tuple[str, str]]:
    """Script and environment of each rule."""
    found = []
    for path in sorted((ROOT / "rules").glob("*.smk")):
        for block in re.split(r"^\s*(?:use )?rule\b", path.read_text(), flags=re.MULTILINE)[1:]:
            script = re.search(r'script=script\(f?"([^"]+)"', block)
            conda = re.search(r'conda:\s*"\.\./envs/(\w+\.yaml)"', block)
            if script and conda:
                # A rule that is made once per figure has the figure's name in that of its script.
                pattern = re.sub(r"\{\w+\}", "*", script[1])
                found += [(file.stem, conda[1]) for file in code.SCRIPTS.glob(f"{pattern}.py")]
    return sorted(set(found))


def imported(script: str) -> set[str]:
    """Top-level modules outside the project and the standard library that a script can import."""
    files = [*code.closure(code.SCRIPTS / f"{script}.py"), *(code.SCRIPTS / name for name in code.PLUMBING)]
    files += [code.SCRIPTS / "lib" / name for name in BY_NAME.get(script, [])]
    modules = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                modules.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.split(".")[0])
    return modules - sys.stdlib_module_names - CHOSEN - {"lib", "snakemake"}


def test_rules_are_found() -> None:
    assert {env for _, env in rules()} == {path.name for path in ENVS.glob("*.yaml")}


@pytest.fixture(scope="module")
def packages() -> Mapping[str, list[str]]:
    """The installed packages that have a module."""
    return packages_distributions()


@pytest.mark.parametrize(("script", "name"), rules())
def test_the_environment_of_a_rule_has_what_its_script_imports(
    packages: Mapping[str, list[str]], script: str, name: str
) -> None:
    has = set(environment(name))
    lacking = {
        module
        for module in imported(script)
        if has.isdisjoint(canonical(package) for package in packages.get(module, [module]))
    }
    assert lacking <= CHOSEN
