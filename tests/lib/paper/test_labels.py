import pandas as pd

from lib.paper import labels


def test_languages_have_names():
    assert labels.language("jpn_Jpan") == "Japanese"
    assert labels.language(labels.POOLED) == "all languages"
    assert labels.own_name("jpn_Jpan") == "日本語"


def test_scripts_have_names():
    assert [labels.script(code) for code in ("Latn", "Hani", "Jpan")] == ["Latin", "Han", "Han with kana"]


def test_texts_are_told_apart():
    measured = [
        ("catalogs", "eng_Latn"),
        ("maths", "eng_Latn"),
        ("catalogs", "zho_Hans"),
        ("catalogs", "zho_Hant"),
        ("python", "zxx_Zyyy"),
        ("arithmetic", "und_Zyyy"),
    ]
    assert labels.texts(measured, "catalogs") == {
        ("catalogs", "eng_Latn"): "English",
        ("maths", "eng_Latn"): "English (maths)",
        ("catalogs", "zho_Hans"): "Chinese, Hans",
        ("catalogs", "zho_Hant"): "Chinese, Hant",
        ("python", "zxx_Zyyy"): "python",
        ("arithmetic", "und_Zyyy"): "arithmetic",
    }


def test_tokenizers_in_order():
    rows = [
        ("unigram-16k-universal", "unigram", 16000, "universal"),
        ("unigram-4k-universal", "unigram", 4000, "universal"),
        ("bpe-4k-european", "bpe", 4000, "european"),
        ("smollm2", "pretrained", 49152, None),
        ("smollm2", "pretrained", 49152, None),
    ]
    frame = pd.DataFrame(rows, columns=["tokenizer", "family", "vocab_size", "mix"])
    expected = ["smollm2", "bpe-4k-european", "unigram-4k-universal", "unigram-16k-universal"]
    assert labels.tokenizers(frame) == expected


def test_wrapped_breaks_at_joints_only():
    assert labels.wrapped("bytebpe-16k-universal", 12) == "bytebpe-16k\nuniversal"
    assert labels.wrapped("bytebpe-16k-universal", 8) == "bytebpe\n16k\nuniversal"
    assert labels.wrapped("smollm2-135m+bytebpe-16k", 30) == "smollm2-135m\n+bytebpe-16k"
    assert labels.wrapped("smollm2-135m+bytebpe-16k+focus", 30) == "smollm2-135m\n+bytebpe-16k\n+focus"
    assert labels.wrapped("tiny", 12) == "tiny"


def test_block_of_an_arm():
    assert labels.block("lora-r16") == "lora"
    assert labels.block("my-lora-r1") == "my-lora"
    assert labels.block("base") == "base"
    assert labels.block("full-run") == "full-run"


def test_natural_order():
    assert sorted(["r16", "r4", "base"], key=labels.natural) == ["base", "r4", "r16"]


def test_rows_in_order():
    names = [
        ("s", "m", arm, decoder) for arm in ("lora-r4", "lora-r16", "base") for decoder in ("vote", "greedy")
    ]
    frame = pd.DataFrame(
        [("t", "m", "lora-r1", "greedy"), *names], columns=["task", "model", "arm", "decoder"]
    )
    assert labels.panels(frame) == [("s", "m"), ("t", "m")]
    first, second = labels.in_order(frame)
    assert [(row["arm"], row["decoder"]) for row in first] == [
        ("base", "greedy"),
        ("base", "vote"),
        ("lora-r4", "greedy"),
        ("lora-r4", "vote"),
        ("lora-r16", "greedy"),
        ("lora-r16", "vote"),
    ]
    assert [row["arm"] for row in second] == ["lora-r1"]


def test_differences_have_a_label():
    assert labels.above("accuracy", "lora-r1") == "accuracy above lora-r1 (points)"


def _scores(*rows):
    frame = pd.DataFrame(rows, columns=["task", "metric", "value"])
    return frame.assign(ci_low=frame["value"], ci_high=None)


def test_main_scores_in_shown_units():
    table = _scores(("sums", "accuracy", 0.05), ("sums", "answered", 0.9), ("french", "chrf", 31.5))
    shown = labels.main_scores(table).set_index("task")
    assert shown["metric"].to_dict() == {"sums": "accuracy", "french": "chrf"}
    assert shown["value"].to_dict() == {"sums": 5.0, "french": 31.5}
    assert shown["ci_high"].isna().all()


def test_main_scores_of_an_unknown_metric_or_of_nothing():
    assert labels.main_scores(_scores(("sums", "unheard-of", 0.5))).empty
    assert labels.main_scores(_scores()).empty


def test_decoders_are_called_by_decoding_and_selection():
    names = ["greedy", "cot-vote", "self-consistency-first", "cot-max", "per-byte", "selection"]
    names += ["self-consistency-vote", "greedy", "cot-max"]
    assert labels.decoders(names) == [
        "greedy",
        "cot-max",
        "cot-vote",
        "self-consistency-first",
        "self-consistency-vote",
    ]
    called = {name: labels.decoder(name) for name in ("greedy", "per-byte", "cot-max", "my-beam-first")}
    assert list(called.values()) == [
        "greedy",
        "likelihood per byte",
        "CoT-decoding, max",
        "my-beam, first branch",
    ]


def test_choices_have_no_decoders_that_select_from_branches():
    assert labels.decoders(["per-byte", "greedy"]) == ["greedy"]
