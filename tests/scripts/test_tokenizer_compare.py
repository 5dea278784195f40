import numpy as np
import pytest
from commands import run

from lib.contracts.tokenizer import COMPARISONS, LENGTHS


def lengths(folder, tokenizer, tokens, lang="eng_Latn", skip=()):
    rows = [
        {
            "tokenizer": tokenizer,
            "corpus": "c",
            "lang": lang,
            "doc_id": str(number),
            "tokens": count,
            "bytes": 9,
        }
        for number, count in enumerate(tokens)
        if number not in skip
    ]
    path = folder / f"{tokenizer}-{lang}.parquet"
    LENGTHS.write(rows, path)
    return path


def compare(folder, baseline, *paths, narrower="{}"):
    output = folder / "comparisons.parquet"
    how = {"baseline": baseline, "narrower": narrower, "resamples": 200}
    return run("tokenizer_compare", *paths, **how, comparisons=output), output


def test_lengths_are_compared_document_by_document(tmp_path):
    base = np.random.default_rng(0).integers(5, 500, 60)
    twice = lengths(tmp_path, "twice", 2 * base)
    back = lengths(tmp_path, "back", base[::-1])
    other = lengths(tmp_path, "twice", [4, 4], lang="jpn_Jpan")
    bases = [lengths(tmp_path, "base", base), lengths(tmp_path, "base", [2, 4], lang="jpn_Jpan")]
    done, output = compare(tmp_path, "base", twice, back, other, *bases)
    assert done.returncode == 0, done.stderr
    table = COMPARISONS.read(output).set_index(["tokenizer", "lang"])
    assert set(table["baseline"]) == {"base"} and "base" not in table.index.get_level_values(0)
    english = table.loc[("twice", "eng_Latn")]
    # Every document doubles: an interval over pairs has no width, one over two samples would.
    assert english[["value", "ci_low", "ci_high"]].tolist() == pytest.approx([2, 2, 2])
    assert english["tokens"] == 2 * base.sum() == 2 * english["baseline_tokens"] and english["n_docs"] == 60
    assert table.loc[("twice", "jpn_Jpan"), "value"] == 8 / 6  # not the mean of 2 and 1
    turned = table.loc[("back", "eng_Latn")]
    assert turned["value"] == 1 and turned["ci_low"] < 1 < turned["ci_high"]


def test_a_tokenizer_is_compared_with_the_narrower_ones_too_and_with_each_once(tmp_path):
    paths = [
        lengths(tmp_path, name, tokens) for name, tokens in (("base", [2]), ("wide", [6]), ("slim", [3]))
    ]
    done, output = compare(tmp_path, "base", *paths, narrower='{"wide": ["slim", "base"]}')
    assert done.returncode == 0, done.stderr
    found = COMPARISONS.read(output).set_index(["tokenizer", "baseline"])["value"].to_dict()
    assert found == {("slim", "base"): 1.5, ("wide", "base"): 3, ("wide", "slim"): 2}
    done, _ = compare(tmp_path, "base", *paths, narrower='{"wide": ["thin"]}')
    assert done.returncode and "no tokens by 'thin'" in done.stderr and "Traceback" not in done.stderr


def test_the_baseline_alone_has_nothing_to_compare(tmp_path):
    done, output = compare(tmp_path, "base", lengths(tmp_path, "base", [1, 2]))
    assert done.returncode == 0 and COMPARISONS.read(output).empty


def test_what_cannot_be_compared_is_refused(tmp_path):
    done, _ = compare(tmp_path, "none", lengths(tmp_path, "a", [1, 2]))
    assert done.returncode and "tokenizer.baseline" in done.stderr and "choose one of a" in done.stderr
    paths = [lengths(tmp_path, "a", [1, 2]), lengths(tmp_path, "b", [1, 2], skip=[1])]
    done, _ = compare(tmp_path, "a", *paths)
    assert done.returncode and "b on c, eng_Latn" in done.stderr and "Traceback" not in done.stderr
