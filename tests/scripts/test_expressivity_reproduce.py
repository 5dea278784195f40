import expressivity_reproduce
import pytest

from lib.contracts.expressivity import THRESHOLDS
from lib.table import read_provenance


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    table = tmp_path_factory.mktemp("thresholds") / "thresholds.parquet"
    expressivity_reproduce.expressivity_reproduce(seeds=2, steps=5, thresholds=table)
    return table


def test_every_model_rank_and_seed(path):
    table = THRESHOLDS.read(path)
    thresholds = table.groupby(["model", "depth"])["threshold"].agg(set).to_dict()
    halves = {("linear", 2): {8}, ("feedforward", 4): {8}, ("transformer", 1): {8}, ("transformer", 2): {8}}
    assert thresholds == {("linear", 1): {16}, ("linear", 4): {4}, **halves}
    ranks = table.groupby(["model", "depth", "how"])["rank"].agg(lambda ranks: sorted(set(ranks)))
    assert ranks["transformer", 1, "constructed"] == list(range(1, 10))
    assert ranks["transformer", 1, "trained"] == [1, 2, 4, 7, 8]
    assert ranks["linear", 1, "bound"] == list(range(1, 17))
    assert set(table[table["how"] == "bound"]["model"]) == {"linear"}
    assert set(table["seed"]) == {0, 1}


def test_the_error_falls_at_the_threshold(path):
    table = THRESHOLDS.read(path)
    for _, rows in table[table["how"] == "constructed"].groupby(["model", "depth", "seed"]):
        errors = rows.set_index("rank")["error"]
        threshold = rows["threshold"].iloc[0]
        assert errors[threshold] < 1e-9 * errors[threshold - 1]
    trained = table[table["how"] == "trained"]
    assert (trained["error"] > 1e-6).all()


def test_the_file_says_how_long_was_trained(path):
    record = read_provenance(path)
    assert (record["steps"], record["threads"], record["dtype"]) == (5, 1, "torch.float64")
