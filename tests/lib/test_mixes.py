import numpy as np
import pytest

from lib.mixes import copies, shares


def test_shares_go_as_a_root_of_the_size():
    assert shares({"a": 400, "b": 100}, 1) == pytest.approx({"a": 0.8, "b": 0.2})
    assert shares({"a": 400, "b": 100}, 2) == pytest.approx({"a": 2 / 3, "b": 1 / 3})


def test_a_language_without_text_is_an_error():
    with pytest.raises(ValueError, match="no text in b"):
        shares({"a": 1, "b": 0}, 1)


def test_small_languages_are_repeated_and_large_ones_read_in_part():
    lengths = {"large": np.full(400, 1), "small": np.full(100, 1)}
    times = copies(lengths, 2, seed=0)
    assert times["large"].sum() == 333 and set(times["large"]) == {0, 1}  # 500 * 2/3 of 400
    assert times["small"].sum() == 166 and set(times["small"]) == {1, 2}  # 500 * 1/3 of 100


def test_temperature_one_reads_everything_once():
    times = copies({"a": np.array([3, 5]), "b": np.array([40])}, 1, seed=0)
    assert times["a"].tolist() == [1, 1] and times["b"].tolist() == [1]


def test_the_draw_depends_on_the_seed_alone():
    lengths = {"a": np.arange(1, 50), "b": np.arange(1, 5)}
    again = {"b": lengths["b"], "a": lengths["a"]}
    assert (copies(lengths, 3, 1)["a"] == copies(again, 3, 1)["a"]).all()
    assert (copies(lengths, 3, 1)["a"] != copies(lengths, 3, 2)["a"]).any()
