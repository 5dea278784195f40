import ast

import pytest

from lib import code

FILES = {
    "run.py": "from lib import alpha\nfrom lib.cli import main\n\ndef f():\n    import lib.late.part\n",
    "lib/__init__.py": "",
    "lib/alpha.py": "import json\nfrom lib.pack import item\nfrom lib.pack.one import thing\n",
    "lib/cli.py": "from lib import only_for_cli\n",
    "lib/only_for_cli.py": "",
    "lib/pack/__init__.py": "from lib.beta import thing\n",
    "lib/pack/one.py": "from lib import alpha\n",
    "lib/beta.py": "",
    "lib/late/__init__.py": "",
    "lib/late/part.py": "",
    "lib/unused.py": "",
    "other.py": "from lib import unused\n",
}


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(code, "SCRIPTS", tmp_path)
    return tmp_path


def names(scripts, script):
    return [path.relative_to(scripts).as_posix() for path in code.closure(scripts / script)]


def test_all_modules_that_a_script_runs_and_no_other(scripts):
    # lib/alpha.py and lib/pack/one.py import each other; what only plumbing imports is code all the same
    assert names(scripts, "run.py") == [
        "run.py",
        "lib/__init__.py",
        "lib/alpha.py",
        "lib/beta.py",
        "lib/late/__init__.py",
        "lib/late/part.py",
        "lib/only_for_cli.py",
        "lib/pack/__init__.py",
        "lib/pack/one.py",
    ]


def test_another_script_has_another_closure(scripts):
    assert names(scripts, "other.py") == ["other.py", "lib/__init__.py", "lib/unused.py"]


def test_a_script_that_does_not_exist(scripts):
    with pytest.raises(FileNotFoundError):
        code.closure(scripts / "no.py")


def test_the_pipelines_own_scripts():
    found = {
        path.relative_to(code.SCRIPTS).as_posix() for path in code.closure(code.SCRIPTS / "lora_train.py")
    }
    assert {"lib/training.py", "lib/models/lm.py", "lib/packing.py", "lib/seeds.py", "lib/table.py"} <= found
    assert found.isdisjoint(code.PLUMBING | {"lib/decoding/branching.py", "lib/decoding/scoring.py"})


def test_no_import_is_overlooked_however_deep_it_stands(scripts):
    deep = "import lib.late.part"
    ways = [
        f"if a:\n    pass\nelse:\n    {deep}",
        f"for a in b:\n    {deep}",
        f"try:\n    pass\nexcept OSError:\n    {deep}",
        f"try:\n    pass\nfinally:\n    {deep}",
        f"with a:\n    {deep}",
        f"match a:\n    case 1:\n        {deep}",
        f"class A:\n    async def f(self):\n        while a:\n            {deep}",
    ]
    for number, text in enumerate(ways):
        (scripts / f"{number}.py").write_text(text)
        assert "lib/late/part.py" in names(scripts, f"{number}.py"), text


def test_statements_of_the_project_hold_all_its_imports():
    """The obvious way looks at every node of the syntax tree."""
    for path in code.SCRIPTS.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        every = {node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)}
        assert every <= set(code._statements(tree.body)), path
