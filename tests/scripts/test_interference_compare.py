import json

import interference_compare
import numpy as np
import pytest

from lib import interference
from lib.cli import UserError
from lib.contracts.interference import COSINES
from lib.models import lm, matrices
from lib.table import read_provenance


def compare(cell, tables, path, batches=8, rows=1):
    interference_compare.interference_compare(
        model=cell.model,
        cell=json.dumps({"model": "tiny", "split": "test"}),
        tasks=json.dumps({task: str(table) for task, table in tables.items()}),
        batches=batches,
        rows=rows,
        cosines=path,
        resamples=50,
        dtype="float32",
    )
    return COSINES.read(path)


@pytest.fixture(scope="module")
def tables(cell):
    return {"sums": cell.test, "others": cell.train}


@pytest.fixture(scope="module")
def path(cell, tables, tmp_path_factory):
    path = tmp_path_factory.mktemp("compare") / "cosines.parquet"
    compare(cell, tables, path)
    return path


def test_every_pair_in_every_group(path):
    table = COSINES.read(path)
    pairs = {("sums", "sums"), ("sums", "others"), ("others", "others")}
    groups = table.groupby(["grouped", "group"])
    assert set(groups.groups) == (
        {("model", "all"), ("layer", "0"), ("layer", "1")}
        | {("kind", f"{kind}_proj") for kind in ("q", "k", "v", "o", "gate", "up", "down")}
    )
    assert all(set(zip(rows["task"], rows["other"], strict=True)) == pairs for _, rows in groups)
    assert set(table["n_batches"]) == {8} and set(table["n_items"]) == {8}
    own = table[(table["task"] == table["other"]) & table["ceiling"].notna()]
    np.testing.assert_allclose(own["ceiling"], own["cosine"])
    np.testing.assert_allclose(own["corrected"], 1)
    assert read_provenance(path)["dtype"] == "torch.float32"


def test_sums_over_matrices_are_those_of_one_long_gradient(cell, tables, path):
    network, tokenizer = lm.load(cell.model, None, "float32", 1)
    drawn = interference.drawn(tokenizer, tables, 8)
    batches = [[row] for rows in drawn.values() for row in rows]
    inner = sum(
        inner
        for _, inner in interference.products(network, matrices.linear(network), batches, lambda _: None)
    )
    wanted = interference.compared(inner.reshape(2, 8, 2, 8), np.ones((1, 2, 8)))
    table = COSINES.read(path).set_index(["grouped", "task", "other"])
    for name in ("cosine", "ceiling", "corrected"):
        found = table.loc[("model", "sums", "others"), name]
        assert found == pytest.approx(getattr(wanted, name)[0, 0, 1])
    row = table.loc[("model", "sums", "others")]
    assert row["cosine_low"] < row["cosine"] < row["cosine_high"]


def test_too_few_items_is_said_with_what_to_change(cell, tables, tmp_path):
    with pytest.raises(UserError, match=r"12 items of task sums, 16 are needed; lower interference\.batches"):
        compare(cell, tables, tmp_path / "cosines.parquet", rows=2)
