"""Choices: weighed by the model, then put in order and judged without it."""

import json
import shutil

import evaluation_choose
import evaluation_score
import evaluation_weigh
import numpy as np
import pytest
import torch
from tiny_cell import CELL
from tiny_lm import byte_tokenizer

from lib.adaptation import saved
from lib.contracts.answers import ANSWERS
from lib.contracts.likelihoods import LIKELIHOODS
from lib.contracts.scores import SCORES
from lib.contracts.task import ITEMS
from lib.models.lm import load
from lib.tasks.item import Item

NAMES = {**CELL, "split": "test"}


def choices(name, target, *texts):
    item = Item(name, f"Q: {name}\nA:", target, target.strip(), "choice", "t", "plain", list(texts))
    return item._asdict()


QUESTIONS = [choices("one", " a mat", " a mat", " the cat", " Grüße"), choices("two", " it", " was", " it")]


def spelt_out(model, tokenizer, prompt, text):
    """The log-probability of a text, token by token, each from all that stands before it."""
    read = tokenizer.encode(prompt, add_special_tokens=False)
    total = 0.0
    for token in tokenizer.encode(text, add_special_tokens=False):
        with torch.inference_mode():
            total += model(torch.tensor([read])).logits[0, -1].log_softmax(-1)[token].item()
        read.append(token)
    return total


def test_nothing_is_weighed_where_the_training_failed(cell, tmp_path, capsys):
    saved.write_failure(tmp_path / "adapter", "lora", "diverged", "the loss is nan")
    ITEMS.write(QUESTIONS, tmp_path / "items.parquet")
    given = {"cell": json.dumps(NAMES), "items": tmp_path / "items.parquet"}
    path, answers = tmp_path / "likelihoods.parquet", tmp_path / "answers.parquet"
    evaluation_weigh.evaluation_weigh(
        model=cell.model, **given, likelihoods=path, adapter=tmp_path / "adapter"
    )
    assert "nothing is weighed, diverged: the loss is nan" in capsys.readouterr().err
    evaluation_choose.evaluation_choose(path, tmp_path / "items.parquet", answers)
    assert LIKELIHOODS.read(path).empty and ANSWERS.read(answers).empty


@pytest.mark.parametrize(("chat", "after"), [(False, ""), (True, " it")])
def test_likelihoods_are_those_of_the_adapted_model(cell, tmp_path, chat, after):
    folder = shutil.copytree(cell.model, tmp_path / "model")
    chatting = byte_tokenizer()
    chatting.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %} it"
    chatting.save_pretrained(folder)
    ITEMS.write(QUESTIONS, tmp_path / "items.parquet")
    evaluation_weigh.evaluation_weigh(
        model=folder,
        chat=chat,
        cell=json.dumps(NAMES),
        items=tmp_path / "items.parquet",
        likelihoods=tmp_path / "likelihoods.parquet",
        adapter=cell.adapter,
        dtype="float32",
    )
    found = LIKELIHOODS.read(tmp_path / "likelihoods.parquet")
    assert found[["item_id", "choice"]].values.tolist() == [
        *(["one", place] for place in range(3)),
        *(["two", place] for place in range(2)),
    ]
    model, tokenizer = load(cell.model, cell.adapter, "float32", 1)
    texts = [(item["prompt"] + after, text) for item in QUESTIONS for text in item["choices"]]
    expected = [spelt_out(model, tokenizer, *pair) for pair in texts]
    assert found["log_likelihood"].tolist() == pytest.approx(expected, abs=1e-4)
    assert found["tokens"].tolist() == [
        len(tokenizer.encode(text, add_special_tokens=False)) for _, text in texts
    ]


def test_choices_by_hand(tmp_path):
    ITEMS.write(QUESTIONS, tmp_path / "items.parquet")
    # "Grüße" has 7 bytes: per byte it is the likeliest, as a whole "a mat" is.
    weights = {"one": [-3.0, -9.0, -3.5], "two": [-2.0, -2.0]}
    rows = [
        {**NAMES, "item_id": name, "choice": place, "log_likelihood": weight, "tokens": 1}
        for name, found in weights.items()
        for place, weight in enumerate(found)
    ]
    LIKELIHOODS.write(rows[::-1], tmp_path / "likelihoods.parquet")
    paths = [tmp_path / f"{name}.parquet" for name in ("likelihoods", "items", "answers", "scores")]
    evaluation_choose.evaluation_choose(*paths[:3])
    found = ANSWERS.read(paths[2])
    assert found[["item_id", "branch", "extracted", "correct"]].values.tolist() == [
        ["one", 0, "a mat", True],
        ["one", 1, "Grüße", False],
        ["one", 2, "the cat", False],
        ["two", 0, "was", False],  # of equal ones the first
        ["two", 1, "it", True],
    ]
    assert found["log_likelihood_per_byte"].tolist() == pytest.approx([-3 / 5, -3.5 / 7, -9 / 7, -2 / 3, -1])
    assert set(found["status"]) == {"answered"} and np.isnan(found["margin"]).all()
    evaluation_score.evaluation_score(paths[1], 100, 0, paths[3], [paths[2]])
    scores = SCORES.read(paths[3]).set_index(["decoder", "metric"])
    assert scores["value"].to_dict() == {
        ("greedy", "accuracy"): 0.5,
        ("per-byte", "accuracy"): 0,
        ("per-byte", "accuracy_gain"): -0.5,
    }
    assert set(scores["n_items"]) == {2}
