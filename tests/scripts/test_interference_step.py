import json

import interference_step
import pytest

from lib import interference, likelihood
from lib.contracts.interference import TRANSFER
from lib.models import lm


def test_losses_before_and_after_each_step(cell, tmp_path):
    tables = {"sums": cell.test, "others": cell.train}
    interference_step.interference_step(
        model=cell.model,
        cell=json.dumps({"model": "tiny", "split": "test"}),
        tasks=json.dumps({task: str(table) for task, table in tables.items()}),
        items=12,
        step=1e-3,
        transfer=tmp_path / "transfer.parquet",
        resamples=50,
    )
    table = TRANSFER.read(tmp_path / "transfer.parquet")
    assert set(zip(table["task"], table["other"], strict=True)) == {(a, b) for a in tables for b in tables}
    assert table["transfer"].tolist() == pytest.approx(
        (1 - table["loss_after"] / table["loss_before"]).tolist()
    )
    assert (table["n_items"] == 6).all()
    own = table[table["task"] == table["other"]]
    assert (own["transfer"] > 0).all()
    network, tokenizer = lm.load(cell.model, None, "float32", 1)
    for task, rows in interference.drawn(tokenizer, tables, 12).items():
        measured = rows[6:]  # no step was made from them
        tokens = sum(len(row.target) for row in measured)
        wanted = sum(likelihood.losses(network, measured)) / tokens
        assert table[table["other"] == task]["loss_before"].tolist() == pytest.approx([wanted, wanted])
