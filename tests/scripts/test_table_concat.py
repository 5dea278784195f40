import pytest
import table_concat
from commands import done

from lib.contracts.lora import ARMS
from lib.contracts.task import ITEMS
from lib.table import ContractError, read_provenance


@pytest.fixture
def parts(tmp_path, item):
    for name, items in (("one", "ca"), ("two", "db")):
        ITEMS.write([item(one) for one in items], tmp_path / f"{name}.parquet")
    return [tmp_path / "one.parquet", tmp_path / "two.parquet"]


def test_tables_are_put_together_in_the_order_of_their_key(parts, tmp_path):
    done("table_concat", *parts, table="task.ITEMS", output=tmp_path / "all.parquet")
    found = ITEMS.read(tmp_path / "all.parquet")
    assert "".join(found["item_id"]) == "abcd"
    assert found["prompt"][1] == "Q: b\nA:"
    assert list(read_provenance(tmp_path / "all.parquet")["inputs"]) == [str(path) for path in parts]
    table_concat.concat("task.ITEMS", tmp_path / "other.parquet", parts[::-1])
    assert ITEMS.read(tmp_path / "other.parquet").equals(found)


def test_a_row_twice_is_an_error(parts, tmp_path):
    with pytest.raises(ContractError, match="two rows with the key"):
        table_concat.concat("task.ITEMS", tmp_path / "all.parquet", [*parts, parts[0]])
    assert not (tmp_path / "all.parquet").exists()


def test_tables_of_another_contract(parts, tmp_path):
    assert "arm" in ARMS.columns
    with pytest.raises(ContractError, match="not a 'arms' table"):
        table_concat.concat("lora.ARMS", tmp_path / "all.parquet", parts)
