import numpy as np
import pytest

from lib.tokenizer.mixes import copies, shares


def test_shares_go_as_a_root_of_the_size():
    assert shares({"a": 400, "b": 100}, {"temperature": 1}) == pytest.approx({"a": 0.8, "b": 0.2})
    assert shares({"a": 400, "b": 100}, {"temperature": 2}) == pytest.approx({"a": 2 / 3, "b": 1 / 3})
    assert shares({"a": 400, "b": 100}, {}) == pytest.approx({"a": 0.8, "b": 0.2})


def test_shares_follow_explicit_weights_whatever_the_sizes():
    mix = {"weights": {"a": 1, "b": 3, "elsewhere": 9}}
    assert shares({"a": 400, "b": 100}, mix) == pytest.approx({"a": 0.25, "b": 0.75})


def test_languages_of_a_bucket_share_its_weight():
    # Two languages are Indo-European in Latin script, one in Cyrillic, one Turkic in Latin:
    # 600/2, 200/2, 100/1, 100/1.
    sizes = {"deu_Latn": 600, "fra_Latn": 200, "rus_Cyrl": 100, "tur_Latn": 100}
    expected = {"deu_Latn": 0.5, "fra_Latn": 1 / 6, "rus_Cyrl": 1 / 6, "tur_Latn": 1 / 6}
    assert shares(sizes, {"buckets": "family-script"}) == pytest.approx(expected)


def test_both_chinese_scripts_are_one_bucket():
    sizes = {"zho_Hans": 100, "zho_Hant": 100, "jpn_Jpan": 100}
    found = shares(sizes, {"buckets": "family-script"})
    assert found == pytest.approx({"zho_Hans": 0.25, "zho_Hant": 0.25, "jpn_Jpan": 0.5})


def test_a_language_without_text_is_an_error():
    with pytest.raises(ValueError, match="no text in b"):
        shares({"a": 1, "b": 0}, {"temperature": 1})


def test_small_languages_are_repeated_and_large_ones_read_in_part():
    lengths = {"large": np.full(400, 1), "small": np.full(100, 1)}
    times = copies(lengths, {"large": 2 / 3, "small": 1 / 3}, seed=0)
    assert times["large"].sum() == 333 and set(times["large"]) == {0, 1}  # 500 * 2/3 of 400
    assert times["small"].sum() == 166 and set(times["small"]) == {1, 2}  # 500 * 1/3 of 100


def test_the_shares_of_the_text_read_everything_once():
    times = copies({"a": np.array([3, 5]), "b": np.array([40])}, {"a": 8 / 48, "b": 40 / 48}, seed=0)
    assert times["a"].tolist() == [1, 1] and times["b"].tolist() == [1]


def test_the_draw_depends_on_the_seed_alone():
    lengths = {"a": np.arange(1, 50), "b": np.arange(1, 5)}
    share = {"a": 0.8, "b": 0.2}
    again = {"b": lengths["b"], "a": lengths["a"]}
    assert (copies(lengths, share, 1)["a"] == copies(again, share, 1)["a"]).all()
    assert (copies(lengths, share, 1)["a"] != copies(lengths, share, 2)["a"]).any()
