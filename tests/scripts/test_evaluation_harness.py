"""lm-evaluation-harness on the tiny trained cell: by a task in YAML, and by tasks of this project."""

import json
import re
import shutil
from types import SimpleNamespace

import evaluation_choose
import evaluation_harness
import evaluation_harness_score
import evaluation_weigh
import pytest
import task_build
import yaml
from tiny_cell import CELL, DECODING
from tiny_lm import byte_tokenizer

from lib.adaptation import saved
from lib.cli import UserError
from lib.contracts.answers import ANSWERS
from lib.contracts.harness import HARNESS
from lib.contracts.samples import SAMPLES
from lib.contracts.task import ITEMS
from lib.decoding.selection import CHOOSERS, by_item
from lib.decoding.verifiers import last_word
from lib.harness import WRITTEN, own_task
from lib.models.lm import prompt_ids


def judge(cell, samples, suite, **options):
    evaluation_harness.evaluation_harness(
        model=cell.model,
        suite=suite,
        cell=json.dumps(CELL),
        samples=samples,
        rows_together=8,
        dtype="float32",
        **{"adapter": cell.adapter, **options},
    )
    return SAMPLES.read(samples)


def test_both_judges_agree_on_every_item(cell, tmp_path):
    found = judge(
        cell, tmp_path / "a.parquet", "tok2cot-sums", items=cell.test, generation=json.dumps(DECODING)
    )
    assert set(found["metric"]) == {"exact_match"} and set(found["filter"]) == {"number"}
    theirs = dict(zip([json.loads(doc)["item_id"] for doc in found["doc"]], found["value"], strict=True))
    answers = ANSWERS.read(cell.answers)
    ours = answers[answers["branch"] == 0].set_index("item_id")["correct"]
    assert theirs == ours.astype(float).to_dict()
    assert len(set(theirs.values())) == 2  # some are right, some wrong
    assert found["reported"].tolist() == pytest.approx([ours.mean()] * len(ours))


@pytest.mark.parametrize("text", ['The letters are "Ya".', " ya", "ya 2_b", "Größe. 7", "é"])
def test_both_judges_find_the_same_word(text):
    pattern, which, _ = WRITTEN["word"]
    start, end = last_word(text)
    assert re.findall(pattern, text)[which] == text[start:end]


def test_nothing_is_judged_where_the_training_failed(cell, tmp_path, capsys):
    saved.write_failure(tmp_path / "adapter", "lora", "diverged", "the loss is nan")
    task = {"items": cell.test, "generation": json.dumps(DECODING)}
    found = judge(cell, tmp_path / "a.parquet", "tok2cot-sums", **task, adapter=tmp_path / "adapter")
    assert found.empty and "nothing is judged, diverged: the loss is nan" in capsys.readouterr().err


def test_prompts_of_a_chat_are_those_of_decoding(cell, tmp_path):
    model = shutil.copytree(cell.model, tmp_path / "model")
    tokenizer = byte_tokenizer(bos=True)
    tokenizer.chat_template = "<s>{% for m in messages %}{{ m['content'] }}{% endfor %} it "
    tokenizer.save_pretrained(model)
    items = ITEMS.read(cell.test)
    found = judge(
        SimpleNamespace(model=model, adapter=cell.adapter),
        tmp_path / "a.parquet",
        "tok2cot-sums",
        items=cell.test,
        generation=json.dumps(DECODING),
        chat=True,
    )
    assert found["prompt"].tolist() == tokenizer.batch_decode(prompt_ids(tokenizer, items["prompt"], True))


def test_both_judges_choose_alike(cell, tmp_path):
    items, likelihoods, answers = (tmp_path / f"{name}.parquet" for name in ("items", "weighed", "answers"))
    task = {"kind": "arithmetic_choices", "terms": 2, "digits": 1, "choices": 4}
    task_build.task_build(json.dumps(task), "test", 12, 0, items)
    names = json.dumps({**CELL, "split": "test"})
    lm = {"model": cell.model, "adapter": cell.adapter, "dtype": "float32"}
    evaluation_weigh.evaluation_weigh(**lm, cell=names, items=items, likelihoods=likelihoods)
    evaluation_choose.evaluation_choose(likelihoods, items, answers)
    found = judge(cell, tmp_path / "samples.parquet", "tok2cot-choices", items=items)
    found = found.assign(item_id=[json.loads(doc)["item_id"] for doc in found["doc"]])
    theirs = found.pivot(index="item_id", columns="metric", values="value")
    ours = by_item(ANSWERS.read(answers))
    for decoder, metric in (("greedy", "acc"), ("per-byte", "acc_bytes")):
        chosen = {name: float(CHOOSERS[decoder](choices).correct) for name, choices in ours.items()}
        assert theirs[metric].to_dict() == chosen
        assert len(set(chosen.values())) == 2


def test_a_task_of_the_users_own(cell, tmp_path, monkeypatch):
    import datasets.config

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    docs = [{"q": f"the cat {word}", "right": n % 2} for n, word in enumerate(["sat", "saw", "was"])]
    (tmp_path / "docs.json").write_text("".join(json.dumps(doc) + "\n" for doc in docs))
    (tmp_path / "tasks").mkdir()
    task = {
        "task": "cats",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(tmp_path / "docs.json")}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{q}}",
        "doc_to_choice": ["on a mat", "it"],
        "doc_to_target": "right",
        "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
    }
    (tmp_path / "tasks" / "cats.yaml").write_text(yaml.safe_dump(task))
    found = judge(cell, tmp_path / "b.parquet", "cats", include_path=tmp_path / "tasks", limit=2)
    assert found[["subtask", "metric", "doc_id", "prompt"]].values.tolist() == [
        ["cats", metric, place, docs[place]["q"]] for place in (0, 1) for metric in ("acc", "acc_norm")
    ]
    assert found["value"].isin([0, 1]).all()


@pytest.mark.parametrize(
    ("verifier", "problem"),
    [
        ("code", "would run programs without limits"),
        ("yes-no", "cannot judge 'yes-no'"),
        ("even-odd", "cannot judge 'even-odd'"),
    ],
)
def test_what_it_must_not_or_cannot_judge(cell, verifier, problem):
    items = ITEMS.read(cell.test).assign(verifier=verifier)
    with pytest.raises(UserError, match=f"tok2cot-mine: lm-eval {problem}"):
        own_task("tok2cot-mine", items, DECODING)


def test_a_task_that_is_not_there(cell, tmp_path, monkeypatch):
    import lm_eval.tasks

    class Few(lm_eval.tasks.TaskManager):  # without lm-eval's own, whose index takes seconds
        def __init__(self, **options):
            super().__init__(include_defaults=False)

    monkeypatch.setattr(lm_eval.tasks, "TaskManager", Few)
    with pytest.raises(UserError, match=r"lm-eval task 'nothing' cannot be loaded \(KeyError: .*ls tasks"):
        judge(cell, tmp_path / "c.parquet", "nothing")


def sample(subtask, place, value, reported, metric="acc", suite="exam"):
    names = {**CELL, "suite": suite, "subtask": subtask, "filter": "none", "metric": metric}
    texts = {"doc": "{}", "prompt": "", "response": "[]"}
    return {**names, **texts, "doc_id": place, "value": value, "reported": reported}


def test_scores_by_hand(tmp_path):
    rows = [sample("one", place, value, 0.75) for place, value in enumerate([1, 1, 0, 1])]
    rows += [sample("two", place, value, 0.5) for place, value in enumerate([0, 1])]
    rows += [sample("two", place, None, 12.5, "chrf") for place in range(2)]
    rows += [sample("lengths", place, value, 3.0, "length", "lengths") for place, value in enumerate([2, 4])]
    rows += [sample("lengths", place, value, 9.9, "sum", "lengths") for place, value in enumerate([2, 4])]
    SAMPLES.write(rows, tmp_path / "samples.parquet")
    out = tmp_path / "scores.parquet"
    evaluation_harness_score.evaluation_harness_score(100, 0, out, [tmp_path / "samples.parquet"])
    scores = HARNESS.read(out).set_index(["suite", "subtask", "metric"])
    assert scores["value"].to_dict() == {
        ("exam", "one", "acc"): 0.75,
        ("exam", "two", "acc"): 0.5,
        ("exam", "two", "chrf"): 12.5,
        ("exam", "exam", "acc"): pytest.approx(4 / 6),  # all items of the group
        ("lengths", "lengths", "length"): 3.0,
        ("lengths", "lengths", "sum"): 9.9,
    }
    known = scores["ci_low"].notna()
    assert known.to_dict() == {key: key[2] in ("acc", "length") for key in scores.index}
    assert (scores["ci_low"][known] <= scores["value"][known]).all()
    assert scores["ci_high"]["exam", "one", "acc"] < 1  # Wilson's
    assert scores["n_items"]["exam", "exam", "acc"] == 6


def test_no_samples_give_no_scores(tmp_path):
    evaluation_harness_score.evaluation_harness_score(100, 0, tmp_path / "none.parquet", [])
    assert HARNESS.read(tmp_path / "none.parquet").empty
