import json

import evaluation_forgetting
import numpy as np
import pretraining_score
import pytest
from tiny_cell import CELL
from tiny_pretraining import documents

from lib.adaptation import saved
from lib.contracts.forgetting import FORGETTING
from lib.contracts.held_out import BITS
from lib.contracts.lora import COSTS, FINISHED
from lib.models.lm import load
from lib.pretraining import bits

COST = {**dict.fromkeys(COSTS.columns), **CELL, "task": "sums", "arm": "lora-r4", "method": "lora", "rank": 4}
COST |= {"learning_rate": 1e-3, "packed": 1, "status": FINISHED}
NAMES = {key: CELL[key] for key in ("model", "task", "arm", "seed")}


def rows(arm, lang, needed, size=8, **changed):
    task = None if arm == "base" else "sums"
    names = {"model": "tiny", "task": task, "arm": arm, "seed": 0, "corpus": "news", "domain": "interface"}
    names |= {"lang": lang, **changed}
    return [
        {**names, "doc_id": str(place), "bits": value, "tokens": 1, "bytes": size * (1 + place)}
        for place, value in enumerate(needed)
    ]


def forgotten(folder, *tables):
    paths = []
    for place, table in enumerate(tables):
        paths.append(folder / f"{place}.parquet")
        BITS.write(table, paths[-1])
    out, cost = folder / "forgetting.parquet", folder / "costs.parquet"
    COSTS.write([{**COST, "model": model} for model in ("tiny", "big")], cost)
    evaluation_forgetting.evaluation_forgetting(100, 0, out, paths, [cost])
    return FORGETTING.read(out)


def test_by_hand(tmp_path):
    before = rows("base", "eng_Latn", [8.0, 32.0, None]) + rows("base", "fra_Latn", [16.0, 16.0])
    # Backwards: documents are paired by name, not by place.
    after = rows("lora-r4", "eng_Latn", [16.0, 40.0, None])[::-1] + rows("lora-r4", "fra_Latn", [8.0, 8.0])
    found = forgotten(tmp_path, before, after).set_index(["arm", "lang", "metric"])
    assert found["value"].to_dict() == {
        ("base", "eng_Latn", "bits_per_byte"): 40 / 24,
        ("base", "fra_Latn", "bits_per_byte"): 32 / 24,
        ("lora-r4", "eng_Latn", "bits_per_byte"): 56 / 24,
        ("lora-r4", "eng_Latn", "change"): pytest.approx(16 / 24),
        ("lora-r4", "fra_Latn", "bits_per_byte"): 16 / 24,
        ("lora-r4", "fra_Latn", "change"): pytest.approx(-16 / 24),
    }
    assert (found["ci_low"] <= found["value"]).all() and (found["value"] <= found["ci_high"]).all()
    counts = found[["n_docs", "n_lost"]].drop_duplicates().groupby("lang").first()
    assert counts.values.tolist() == [[2, 1], [2, 0]]
    assert found["task"]["base"].isna().all() and set(found["task"]["lora-r4"]) == {"sums"}
    assert found["method"]["base"].isna().all() and set(found["rank"]["lora-r4"]) == {4}


def test_the_base_is_that_of_the_model(tmp_path):
    one = rows("base", "eng_Latn", [8.0, 16.0]) + rows("lora-r4", "eng_Latn", [8.0, 16.0])
    other = rows("base", "eng_Latn", [24.0, 24.0], model="big")
    other += rows("lora-r4", "eng_Latn", [32.0, 40.0], model="big")
    found = forgotten(tmp_path, one, other)
    change = found[found["metric"] == "change"].set_index("model")["value"]
    assert change.to_dict() == {"big": 1.0, "tiny": 0.0}


def test_an_arm_without_a_rank_and_one_that_failed(tmp_path):
    """The training of the second came to nothing, so that it scored no document."""
    saved.write_failure(tmp_path / "adapter", "lora", "diverged", "the loss is nan")
    pretraining_score.pretraining_score(
        model=tmp_path / "not read",
        cell=json.dumps({**NAMES, "arm": "lora-r4"}),
        characters=40,
        documents_per_language=3,
        bits=tmp_path / "failed.parquet",
        documents=[],
        adapter=tmp_path / "adapter",
        contract="held_out",
    )
    tables = [rows("base", "eng_Latn", [8.0]), rows("ia3", "eng_Latn", [16.0])]
    paths = [tmp_path / "failed.parquet", tmp_path / "0.parquet", tmp_path / "1.parquet"]
    for table, path in zip(tables, paths[1:], strict=True):
        BITS.write(table, path)
    COSTS.write([{**COST, "arm": "ia3", "method": "ia3", "rank": None}], tmp_path / "costs.parquet")
    out = tmp_path / "out.parquet"
    evaluation_forgetting.evaluation_forgetting(100, 0, out, paths, [tmp_path / "costs.parquet"])
    found = FORGETTING.read(out).set_index(["arm", "metric"])
    assert found["value"]["ia3", "change"] == 1.0 and set(found.index.get_level_values("arm")) == {
        "base",
        "ia3",
    }
    assert found["method"]["ia3", "change"] == "ia3" and found["rank"].isna().all()


def test_texts_that_all_are_lost_have_no_value(tmp_path):
    lost = rows("base", "eng_Latn", [None, None]) + rows("lora-r4", "eng_Latn", [None, None])
    found = forgotten(tmp_path, lost)
    assert found["value"].isna().all() and set(found["n_docs"]) == {0} and set(found["n_lost"]) == {2}


def test_without_adapters_the_table_has_no_rows(tmp_path):
    assert forgotten(tmp_path).empty


def test_bits_are_those_of_the_adapted_model(cell, nano, tmp_path):
    pretraining_score.pretraining_score(
        model=cell.model,
        cell=json.dumps(NAMES),
        characters=40,
        documents_per_language=3,
        bits=tmp_path / "bits.parquet",
        documents=documents(nano, "test", ["eng_Latn"]),
        adapter=cell.adapter,
        contract="held_out",
        dtype="float32",
    )
    found = BITS.read(tmp_path / "bits.parquet")
    assert found[list(NAMES)].drop_duplicates().values.tolist() == [list(NAMES.values())]
    texts = dict(zip(*_texts(nano), strict=True))
    for adapter, same in ((cell.adapter, True), (None, False)):
        model, tokenizer = load(cell.model, adapter, "float32", 1)
        for row in found.itertuples():
            pieces = [texts[row.doc_id][start : start + 40] for start in range(0, len(texts[row.doc_id]), 40)]
            needed = sum(value for value, _ in bits(model, tokenizer, pieces, lambda done: None))
            assert np.isclose(row.bits, needed, rtol=1e-4) == same


def _texts(nano):
    from lib.contracts.corpus import DOCUMENTS

    table = DOCUMENTS.read(*documents(nano, "test", ["eng_Latn"]))
    return table["doc_id"], table["text"]
