import numpy as np
import pandas as pd
import pytest

from lib.decoding.scoring import chrf_measure, exact_measures, measures, scores
from lib.grid import CHOICE
from lib.intervals import share

COLUMNS = ["item_id", "branch", "extracted", "margin", "status", "chain", "correct"]


def judged(*rows):
    rows = pd.DataFrame(rows, columns=COLUMNS).assign(decoding="cot", repeated=False, split="test")
    return rows.assign(decoded_tokens=10 + rows["branch"])


def by_metric(rows):
    rows = list(rows)
    assert len({(row["decoder"], row["metric"]) for row in rows}) == len(rows)
    return {(row["decoder"], row["metric"]): row for row in rows}


ANSWERS = judged(
    ("a", 0, "1", 0.9, "answered", True, True),
    ("a", 1, "2", 0.1, "answered", False, False),
    ("b", 0, "3", 0.2, "answered", False, False),
    ("b", 1, "4", 0.8, "answered", True, True),
    ("c", 0, "5", 0.9, "length", True, True),  # right, but as long as allowed
    ("c", 1, "6", 0.1, "answered", True, False),
    ("d", 0, None, None, "no-answer", None, False),
    ("d", 1, "7", 0.7, "answered", True, True),
)


RIGHT = [("a", 0), ("b", 0), ("c", 1)]  # items with the rank of their right choice


def test_accuracy_and_paired_gain_by_hand():
    found = by_metric(scores(exact_measures(ANSWERS), 200, 0))
    values = {key: row["value"] for key, row in found.items()}
    assert values == {
        ("greedy", "accuracy"): 2 / 4,
        ("cot-max", "accuracy"): 3 / 4,
        ("cot-max", "accuracy_gain"): 1 / 4,  # b and d won, c lost
        ("cot-aggregate", "accuracy"): 3 / 4,
        ("cot-aggregate", "accuracy_gain"): 1 / 4,
        ("cot-vote", "accuracy"): 2 / 4,  # a and d
        ("cot-vote", "accuracy_gain"): 0,
        ("cot-oracle", "accuracy"): 1,
        ("cot-oracle", "accuracy_gain"): 2 / 4,
        ("greedy", "answered"): 2 / 4,
        ("greedy", "chain"): 2 / 4,
        ("greedy", "tokens"): 10,  # the first branch alone
        **{(f"cot-{kind}", "tokens"): 10 + 11 for kind in ("max", "aggregate", "vote", "oracle")},
        # Right and formed: 0.9, 0.8, 0.7. Wrong: 0.1, 0.2, 0.1. Only a and b have both.
        ("cot", "auroc"): 1,
        ("cot", "auroc_within"): 1,
        ("cot", "pass_at_1"): 2 / 4,
        ("cot", "distinct_branches"): 2,
        ("cot", "distinct_answers"): (2 + 2 + 1 + 1) / 4,
    }
    for row in found.values():
        assert row["ci_low"] <= row["value"] <= row["ci_high"]
        assert (row["n_items"], row["interval_over"]) == (4, "items")


def test_choices_by_hand():
    """Two choices an item, the likeliest first; per byte the second is as likely, or likelier."""
    rows = [
        (name, rank, "x", None, "answered", None, rank == right) for name, right in RIGHT for rank in (0, 1)
    ]
    per_byte = [-1.0, -2.0, -2.0, -1.0, -2.0, -1.0]
    answers = judged(*rows).assign(log_likelihood_per_byte=per_byte)
    found = by_metric(scores(measures(answers, pd.DataFrame([{"verifier": CHOICE}])), 200, 0))
    assert {key: row["value"] for key, row in found.items()} == {
        ("greedy", "accuracy"): 2 / 3,  # a and b
        ("per-byte", "accuracy"): 2 / 3,  # a and c
        ("per-byte", "accuracy_gain"): 0,
    }
    assert {row["n_items"] for row in found.values()} == {3}


def of_two_templates(split):
    """Scores of 40 items: all of one template are right, none of the other; names are in no order."""
    names = [f"{7 * n % 40:02}" for n in range(40)]
    answers = judged(*((name, 0, "1", 0.5, "answered", True, name < "20") for name in names))
    made_from = [{"item_id": name, "template": "new" if name < "20" else "other"} for name in reversed(names)]
    items = pd.DataFrame(made_from).assign(verifier="number")
    found = by_metric(scores(measures(answers.assign(split=split), items), 200, 0))
    return found["greedy", "accuracy"]


def test_templates_that_training_has_not_seen_are_drawn_whole():
    found = of_two_templates("template")
    assert (found["value"], found["ci_low"], found["ci_high"]) == (0.5, 0, 1)
    assert (found["n_items"], found["interval_over"]) == (40, "templates")


def test_templates_of_other_splits_do_not_matter():
    found = of_two_templates("pool-1")
    assert (found["ci_low"], found["ci_high"]) == share(np.arange(40) < 20)[1:]
    assert found["interval_over"] == "items"


def test_gains_are_paired():
    # Each item gains exactly nothing: unpaired draws would spread around zero.
    rows = [(str(n), rank, "1", 0.5, "answered", True, n % 2 == 0) for n in range(40) for rank in (0, 1)]
    found = by_metric(scores(exact_measures(judged(*rows)), 200, 0))
    gain = found["cot-max", "accuracy_gain"]
    assert (gain["value"], gain["ci_low"], gain["ci_high"]) == (0, 0, 0)
    accuracy = found["cot-max", "accuracy"]
    assert accuracy["ci_low"] < 0.5 < accuracy["ci_high"]


def test_greedy_branches_alone_have_no_other_decoders():
    found = by_metric(scores(exact_measures(ANSWERS[ANSWERS["branch"] == 0]), 50, 0))
    metrics = ("accuracy", "answered", "chain", "tokens")
    assert set(found) == {("greedy", metric) for metric in metrics}


def test_several_decodings_of_the_same_items():
    samples = ANSWERS.assign(decoding="sampled")
    samples["branch"] = 1 - samples["branch"]
    found = by_metric(scores(exact_measures(pd.concat([ANSWERS, samples])), 50, 0))
    values = {decoder: row["value"] for (decoder, metric), row in found.items() if metric == "accuracy"}
    kinds = ("first", "max", "aggregate", "vote", "oracle")
    assert set(values) == {
        "greedy",
        *(f"cot-{kind}" for kind in kinds[1:]),
        *(f"sampled-{kind}" for kind in kinds),
    }
    assert values["greedy"] == 2 / 4 and values["sampled-first"] == 2 / 4
    assert values["sampled-max"] == values["cot-max"]
    assert found["sampled-first", "accuracy_gain"]["value"] == 0
    assert {metric for decoder, metric in found if decoder == "greedy"} == {
        *("accuracy", "answered", "chain", "tokens")
    }


def test_the_seed_decides_the_interval():
    rows = [(str(n), k, "1", 0.5 + k, "answered", True, n % 3 == k) for n in range(30) for k in (0, 1)]
    found = exact_measures(judged(*rows))
    assert list(scores(found, 64, 1)) == list(scores(found, 64, 1))
    assert list(scores(found, 64, 1)) != list(scores(found, 64, 2))


def chrf(written, gold, resamples=200):
    rows = [(f"{n:02}", 0, text, 0.5, "answered", False, None) for n, text in enumerate(written)]
    references = pd.Series(gold, index=[f"{n:02}" for n in range(len(gold))])
    other = [("00", 1, "never read", 0.9, "answered", False, None)]
    shuffled = judged(*reversed(rows), *other)
    measure = chrf_measure(shuffled, references.iloc[::-1])
    found = by_metric(scores({("greedy", "chrf"): measure}, resamples, 0))
    assert set(found) == {("greedy", "chrf")}
    return found["greedy", "chrf"]


def test_chrf_is_that_of_sacrebleu():
    from sacrebleu import corpus_chrf

    written = ["the cat sat", "a dog", "nothing alike", "mats"] * 5
    gold = ["the cat sat", "the dog", "zzz", "a mat"] * 5
    row = chrf(written, gold)
    assert row["value"] == pytest.approx(corpus_chrf(written, [gold]).score)
    assert row["ci_low"] < row["value"] < row["ci_high"]
    assert row["n_items"] == 20


def test_an_output_without_an_answer_counts_as_empty():
    from sacrebleu import corpus_chrf

    row = chrf(["the cat", None], ["the cat", "the dog"])
    assert row["value"] == pytest.approx(corpus_chrf(["the cat", ""], [["the cat", "the dog"]]).score)


def test_the_best_beam_has_a_chrf_of_its_own():
    greedy, beams = (judged(("00", 0, text, 0.5, "answered", False, None)) for text in ("a dog", "the cat"))
    both = pd.concat([greedy, beams.assign(decoding="beam")])
    items = pd.DataFrame([{"item_id": "00", "verifier": "chrf", "answer": "the cat"}])
    found = by_metric(scores(measures(both, items), 100, 0))
    assert found["beam-first", "chrf"]["value"] == pytest.approx(100)
    assert found["greedy", "chrf"]["value"] < 50


def test_resamples_that_score_zero():
    row = chrf(["the cat", "qqq", "qqq"], ["the cat", "zzz", "zzz"])
    assert row["ci_low"] == 0 < row["value"] < row["ci_high"]
    assert chrf([None, None], ["the cat", "the dog"])["value"] == 0
