import json

import numpy as np
import pytest
from commands import done
from tiny_cell import CELL, PLAIN
from tiny_lm import byte_tokenizer

from lib.contracts.answers import ANSWERS
from lib.contracts.branches import BRANCHES
from lib.contracts.task import ITEMS
from lib.decoding.verifiers import number


def test_answers_by_hand(tmp_path, item):
    tokenizer = byte_tokenizer()
    tokenizer.save_pretrained(tmp_path)
    written = [("a", 0, " it is -95.", "end"), ("a", 1, " 12", "length"), ("b", 0, "", "end")]
    rows = []
    for name, rank, text, reason in written:
        ids = [*tokenizer.encode(text), *[tokenizer.eos_token_id] * (reason == "end")]
        margins = [count / 64 for count in range(len(ids))]
        rows.append(
            {
                **CELL,
                **PLAIN,
                "split": "test",
                "decoding": "cot",
                "item_id": name,
                "branch": rank,
                "completion": text,
                "token_ids": ids,
                "token_margins": margins,
                "stop_reason": reason,
            }
        )
    BRANCHES.write(rows, tmp_path / "branches.parquet")
    ITEMS.write([item("b", "12"), item("a", "-95")], tmp_path / "items.parquet")
    done(
        "evaluation_answer",
        branches=tmp_path / "branches.parquet",
        items=tmp_path / "items.parquet",
        tokenizer=tmp_path / "tokenizer.json",
        answers=tmp_path / "answers.parquet",
    )
    found = ANSWERS.read(tmp_path / "answers.parquet").replace({np.nan: None})
    columns = ["item_id", "branch", "extracted", "status", "chain", "correct", "score"]
    assert found[columns].values.tolist() == [
        ["a", 0, "-95", "answered", True, True, 1],
        ["a", 1, "12", "length", False, False, 0],
        ["b", 0, None, "empty", None, False, 0],
    ]
    pieces = tokenizer.convert_ids_to_tokens(rows[0]["token_ids"])
    first, end = found["span_start"][0], found["span_end"][0]
    assert pieces[int(first) : int(end)] == ["-", "9", "5"]
    assert found["margin"][0] == pytest.approx((first + 1) / 64)
    assert found["margin"][2] is None


@pytest.mark.parametrize(
    ("filter", "status"), [("length", ["length", "no-answer"]), ("", ["answered", "no-answer"])]
)
def test_what_is_ill_formed_is_the_users_choice(tmp_path, item, filter, status):
    tokenizer = byte_tokenizer()
    tokenizer.save_pretrained(tmp_path)
    names = {**CELL, **PLAIN, "split": "test", "decoding": "cot", "item_id": "a"}
    rows = []
    for rank, (text, reason) in enumerate([(" 12", "length"), ("", "end")]):
        ids = tokenizer.encode(text) or [tokenizer.eos_token_id]
        written = {"completion": text, "token_ids": ids, "token_margins": [0.5] * len(ids)}
        rows.append({**names, **written, "branch": rank, "stop_reason": reason})
    BRANCHES.write(rows, tmp_path / "branches.parquet")
    ITEMS.write([item("a", "12")], tmp_path / "items.parquet")
    options = {name: tmp_path / f"{name}.parquet" for name in ("branches", "items", "answers")}
    done("evaluation_answer", **options, tokenizer=tmp_path / "tokenizer.json", filter=filter)
    assert ANSWERS.read(options["answers"])["status"].tolist() == status


def test_answers_of_a_decoded_cell(cell):
    branches, answers = BRANCHES.read(cell.branches), ANSWERS.read(cell.answers)
    gold = ITEMS.read(cell.test).set_index("item_id")["answer"]
    keys = ["item_id", "branch"]
    assert answers[keys].equals(branches[keys])
    tokenizer = byte_tokenizer()
    checked = 0
    for branch, answer in zip(branches.itertuples(), answers.itertuples(), strict=True):
        if np.isnan(answer.margin):
            continue
        start, end = int(answer.span_start), int(answer.span_end)
        assert answer.extracted in number(tokenizer.decode(branch.token_ids[start:end]).strip(" ="))
        assert answer.margin == pytest.approx(np.mean(branch.token_margins[start:end]), abs=1e-6)
        assert answer.correct == (answer.extracted == gold[branch.item_id])
        checked += 1
    assert checked > 10, json.dumps(branches["completion"].tolist())
