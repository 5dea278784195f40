import json
import shutil

import pretraining_score
import pytest
from commands import done
from tiny_lm import byte_tokenizer
from tiny_pretraining import CELL, WORDS, documents

from lib.cli import UserError
from lib.contracts.corpus import DOCUMENTS
from lib.contracts.pretraining import BITS
from lib.contracts.task import ITEMS
from lib.models.lm import load
from lib.pretraining import bits


def score(nano, model, table, read, **changed):
    options = {"characters": 40, "documents_per_language": 10, "dtype": "float32", "threads": 1, **changed}
    return done("pretraining_score", *read, model=model, cell=CELL, bits=table, **options)


def test_scores_are_of_whole_documents_the_same_in_all_languages(nano, scored):
    before, after = scored
    assert len(before) == 30 and set(before["corpus"]) == {"news"}
    drawn = before.groupby("lang")["doc_id"].agg(list)
    assert drawn.iloc[0] == drawn.iloc[1] == drawn.iloc[2] == list(dict.fromkeys(before["doc_id"]))
    texts = DOCUMENTS.read(*documents(nano, "test", ["rus_Cyrl"])).set_index("doc_id")["text"]
    russian = before[before["lang"] == "rus_Cyrl"]
    assert russian["bytes"].tolist() == [len(texts[name].encode()) for name in russian["doc_id"]]
    tokenizer = byte_tokenizer()
    pieces = [texts[name][start : start + 40] for name in russian["doc_id"][:1] for start in (0, 40, 80)]
    tokens = sum(len(tokenizer(piece, add_special_tokens=False)["input_ids"]) for piece in pieces)
    assert russian["tokens"].iloc[0] == tokens
    read = after["lang"] != "rus_Cyrl"
    assert after["bits"][read].sum() < 0.6 * before["bits"][read].sum()


def test_texts_that_the_tokenizer_loses_have_no_bits(nano, tmp_path):
    loses = shutil.copytree(nano / "few", tmp_path / "loses")
    rules = json.loads((loses / "tokenizer.json").read_text())
    rules["normalizer"] = {"type": "Replace", "pattern": {"String": "ш"}, "content": "s"}
    (loses / "tokenizer.json").write_text(json.dumps(rules))
    process = score(nano, loses, tmp_path / "bits.parquet", documents(nano, "test", WORDS))
    found = BITS.read(tmp_path / "bits.parquet")
    assert found.groupby("lang")["bits"].count().to_dict() == {"eng_Latn": 10, "fra_Latn": 10, "rus_Cyrl": 0}
    assert "note: 10 of 30 documents are not restored" in process.stderr


def test_worked_solutions_are_scored_after_their_questions(nano, tmp_path):
    solved = tmp_path / "sums" / "test.parquet"
    kinds = {"worked": " 1 + 2 = 3. The answer is 3", "direct": " 3", "plain": " three"}
    ITEMS.write(
        [
            {
                **dict.fromkeys(ITEMS.columns),
                **{"item_id": style, "prompt": f"Q: {style}?\nA:", "target": target, "style": style},
                **{"answer": "3", "verifier": "number", "template": "2x1"},
            }
            for style, target in kinds.items()
        ],
        solved,
    )
    options = {"solutions": solved, "documents_per_language": 10}
    score(nano, nano / "few", tmp_path / "bits.parquet", documents(nano, "test", ["eng_Latn"]), **options)
    found = BITS.read(tmp_path / "bits.parquet")
    assert found["domain"].value_counts().to_dict() == {"interface": 10, "task": 2}
    found = found[found["domain"] == "task"]
    assert set(found["corpus"]) == {"sums"} and set(found["lang"]) == {"und_Zyyy"}
    model, tokenizer = load(nano / "few", None, "float32", 1)
    for row in found.to_dict("records"):
        target = kinds[row["doc_id"]]
        ((needed, tokens),) = bits(
            model, tokenizer, [target], lambda done: None, [f"Q: {row['doc_id']}?\nA:"]
        )
        assert (row["bits"], row["tokens"]) == (pytest.approx(needed, rel=1e-5), tokens)
        assert row["bytes"] == len(target)


def test_a_task_without_worked_solutions(nano, tmp_path, item):
    ITEMS.write([item("one")], tmp_path / "sums" / "test.parquet")
    read = documents(nano, "test", ["eng_Latn"])
    with pytest.raises(UserError, match="no item has a worked solution; take the task out"):
        pretraining_score.pretraining_score(
            model=nano / "few",
            cell=json.dumps(CELL),
            characters=40,
            documents_per_language=2,
            bits=tmp_path / "bits.parquet",
            documents=read,
            solutions=[tmp_path / "sums" / "test.parquet"],
        )
