from lib.parts import Parts
from lib.table import INTEGER, TEXT, Column, Table

TABLE = Table("numbers", {"name": Column(TEXT, "name"), "number": Column(INTEGER, "number")}, key=("name",))


def test_parts_of_the_same_run_are_found(tmp_path):
    path = tmp_path / "numbers.parquet"
    parts = Parts(TABLE, path, "this run")
    assert not parts.has(0)
    parts.write(1, [{"name": "b", "number": 2}])
    parts.write(0, [{"name": "a", "number": 1}])
    again = Parts(TABLE, path, "this run")
    assert again.has(0) and again.has(1) and not again.has(2)
    assert again.read(2).to_dict("list") == {"name": ["a", "b"], "number": [1, 2]}
    assert not Parts(TABLE, path, "another run").has(0)


def test_parts_are_hidden_and_leave_nothing(tmp_path):
    parts = Parts(TABLE, tmp_path / "numbers.parquet", "this run")
    parts.write(0, [{"name": "a", "number": 1}])
    assert all(path.name.startswith(".") for path in tmp_path.iterdir())
    parts.remove()
    assert not list(tmp_path.iterdir())
    parts.remove()
