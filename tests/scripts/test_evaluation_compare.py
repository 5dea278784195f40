import evaluation_compare
import evaluation_score
import pytest
from scipy.stats import binomtest
from tiny_cell import CELL

from lib.cli import UserError
from lib.contracts.answers import ANSWERS
from lib.contracts.lora import COSTS, FINISHED
from lib.contracts.scores import COMPARISONS, SCORES, SUMMARY
from lib.contracts.task import ITEMS
from lib.intervals import wilson
from lib.tasks.item import Item

ARMS = {f"lora-r{rank}": {"method": "lora", "rank": rank} for rank in (1, 4, 16)}
RIGHT = {
    ("base", 0): "0000000000",
    ("lora-r1", 0): "1100000000",
    ("lora-r1", 1): "1110000000",
    ("lora-r4", 0): "1111110000",
    ("lora-r4", 1): "1111111000",
    ("lora-r16", 1): "1111111110",
}


def write(folder, arm, seed, judged, exact=True, split="test"):
    """Answers of one run: whether each is right, or what was written. Four items have one template."""
    rows = [
        {
            **CELL,
            "arm": arm,
            "seed": seed,
            "split": split,
            "decoding": "greedy",
            "item_id": f"{number:02}",
            "branch": 0,
            "extracted": "1" if exact else one,
            "span_start": 0,
            "span_end": 1,
            "margin": 0.5,
            "chain": False,
            "repeated": False,
            "status": "answered",
            "score": 0.5,
            "correct": one == "1" if exact else None,
            "outcome": None,
            "decoded_tokens": 4,
            "log_likelihood_per_byte": None,
        }
        for number, one in enumerate(judged)
    ]
    path = folder / arm / f"{seed}.parquet"
    ANSWERS.write(rows, path)
    if not (folder / "items.parquet").exists():
        task = ("Q:", " the cat sat", "the cat sat", "number" if exact else "chrf")
        gold = [
            Item(f"{number:02}", *task, f"{number // 4}", "plain")._asdict() for number in range(len(judged))
        ]
        ITEMS.write(gold, folder / "items.parquet")
    return path


def costs(folder):
    """Costs of one training of each arm, as far as they are read."""
    known = {**dict.fromkeys(COSTS.columns), **CELL, "learning_rate": 1e-3, "packed": 1, "status": FINISHED}
    COSTS.write([{**known, "arm": arm, **method} for arm, method in ARMS.items()], folder / "costs.parquet")
    return folder / "costs.parquet"


def compare(folder, answers, reference="lora-r1"):
    evaluation_compare.evaluation_compare(
        items=folder / "items.parquet",
        cost=[costs(folder)],
        reference=reference,
        resamples=400,
        seed=0,
        summary=folder / "summary.parquet",
        comparisons=folder / "comparisons.parquet",
        answers=answers,
    )
    summary = SUMMARY.read(folder / "summary.parquet")
    rows = COMPARISONS.read(folder / "comparisons.parquet")
    return summary.set_index(["arm", "metric"]), rows.set_index("arm")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("compared")


@pytest.fixture(scope="module")
def answers(folder):
    return {key: write(folder, *key, judged) for key, judged in RIGHT.items()}


def test_scores_over_seeds(folder, answers):
    summary, _ = compare(folder, list(answers.values()))
    accuracy = summary.xs("accuracy", level="metric")
    assert accuracy["value"].to_dict() == pytest.approx(
        {"base": 0, "lora-r1": 0.25, "lora-r4": 0.65, "lora-r16": 0.9}
    )
    assert accuracy["n_seeds"].to_dict() == {"base": 1, "lora-r1": 2, "lora-r4": 2, "lora-r16": 1}
    assert accuracy["interval_over"].to_dict() == {
        "base": "items",
        "lora-r1": "seeds and items",
        "lora-r4": "seeds and items",
        "lora-r16": "items",
    }
    assert accuracy["rank"].dropna().to_dict() == {"lora-r1": 1, "lora-r4": 4, "lora-r16": 16}
    assert accuracy["method"].isna().to_dict()["base"]
    assert {"answered", "chain"} < set(summary.index.get_level_values("metric"))


def test_one_seed_has_the_interval_of_its_scores(folder, answers):
    summary, _ = compare(folder, list(answers.values()))
    path = answers["lora-r16", 1]
    given = [folder / "items.parquet", 400, 0, folder / "scores.parquet", [path]]
    evaluation_score.evaluation_score(*given)
    scores = SCORES.read(folder / "scores.parquet").set_index("metric")
    columns = ["value", "ci_low", "ci_high", "n_items"]
    for metric in scores.index:
        assert summary.loc[("lora-r16", metric), columns].tolist() == scores.loc[metric, columns].tolist()


def test_differences_are_of_the_seeds_that_both_have(folder, answers):
    _, rows = compare(folder, list(answers.values()))
    assert rows["value"].to_dict() == pytest.approx({"base": -0.25, "lora-r4": 0.4, "lora-r16": 0.6})
    assert rows["n_seeds"].to_dict() == {"base": 2, "lora-r4": 2, "lora-r16": 1}
    assert rows["test"].to_dict() == {"base": "bootstrap", "lora-r4": "bootstrap", "lora-r16": "mcnemar"}
    assert set(rows["reference"]) == {"lora-r1"} and set(rows["metric"]) == {"accuracy"}
    assert rows["p_value"]["lora-r16"] == binomtest(6, 6).pvalue
    assert (rows["p_holm"] >= rows["p_value"]).all() and (rows["detectable"] > 0).all()
    smallest = rows["p_value"].idxmin()
    assert rows["p_holm"][smallest] == pytest.approx(3 * rows["p_value"][smallest])


def test_the_base_has_one_run_for_all_seeds(folder, answers):
    _, rows = compare(folder, list(answers.values()), "base")
    assert rows["value"].to_dict() == pytest.approx({"lora-r1": 0.25, "lora-r4": 0.65, "lora-r16": 0.9})
    assert rows["n_seeds"].to_dict() == {"lora-r1": 2, "lora-r4": 2, "lora-r16": 1}


def test_without_a_common_seed_or_a_reference_nothing_is_compared(folder, answers):
    apart = [answers["lora-r1", 0], answers["lora-r16", 1]]
    summary, rows = compare(folder, apart)
    assert rows.empty and len(summary) == 2 * 4
    assert compare(folder, [answers["lora-r4", 0]])[1].empty


def test_degrees_are_compared_by_swapping_what_was_written(tmp_path):
    from sacrebleu import corpus_chrf

    written = {"lora-r1": ["the dog"] * 12, "lora-r4": ["the cat sat"] * 11 + ["the dog"]}
    paths = [write(tmp_path, arm, 0, texts, exact=False) for arm, texts in written.items()]
    summary, rows = compare(tmp_path, paths)
    gold = [["the cat sat"] * 12]
    own = {arm: corpus_chrf(texts, gold).score for arm, texts in written.items()}
    assert summary["value"].xs("chrf", level="metric").to_dict() == pytest.approx(own)
    row = rows.loc["lora-r4"]
    assert row["value"] == pytest.approx(own["lora-r4"] - own["lora-r1"])
    assert row["test"] == "randomization" and row["p_value"] < 0.05 and row["detectable"] > 0


def test_templates_that_training_has_not_seen(tmp_path):
    one, none = "1111" + "0000" * 2, "0000" * 3
    runs = {("lora-r1", 0): none, ("lora-r1", 1): none, ("lora-r4", 0): one, ("lora-r4", 1): one}
    runs["lora-r16", 0] = one
    paths = [write(tmp_path, *run, judged, split="template") for run, judged in runs.items()]
    summary, rows = compare(tmp_path, paths)
    accuracy = summary.xs("accuracy", level="metric")
    columns = ["interval_over", "n_items", "ci_low", "ci_high"]
    assert accuracy.loc["lora-r16", columns].tolist() == ["templates", 12, 0, 1]
    assert accuracy.loc["lora-r1", columns].tolist() == ["seeds and templates", 12, *wilson(0, 3)[1:]]
    assert rows["interval_over"].to_dict() == {"lora-r4": "seeds and templates", "lora-r16": "templates"}
    assert rows["test"].to_dict() == {"lora-r4": "bootstrap", "lora-r16": "randomization"}
    assert rows["value"].to_dict() == pytest.approx({"lora-r4": 1 / 3, "lora-r16": 1 / 3})
    assert rows["p_value"]["lora-r16"] == 1  # one template of three is better: that may be any


def test_runs_on_other_items_are_refused(folder, answers):
    longer = write(folder, "lora-r64", 0, "1" * 11)
    with pytest.raises(UserError, match=r"lora-r64/0\.parquet: not the answers to all of .*items\.parquet"):
        compare(folder, [*answers.values(), longer])
