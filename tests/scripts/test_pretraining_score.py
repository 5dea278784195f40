import json
import shutil

from commands import done
from tiny_lm import byte_tokenizer
from tiny_pretraining import CELL, WORDS, documents

from lib.contracts.corpus import DOCUMENTS
from lib.contracts.pretraining import BITS


def score(nano, model, bits, read, **changed):
    options = {"characters": 40, "documents_per_language": 10, "dtype": "float32", "threads": 1, **changed}
    return done("pretraining_score", *read, model=model, cell=CELL, bits=bits, **options)


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
