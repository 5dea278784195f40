import numpy as np
import pandas as pd
import pytest

from lib.tokenizer import fairness


def value(ratio):
    return ratio.numerators.sum() / ratio.denominators.sum()


def said(tokens):
    """What languages say, from a table of tokens by group for each; some of a group's in two documents."""
    rows = [
        {"lang": lang, "group_id": group, "tokens": part}
        for lang, groups in tokens.items()
        for group, count in groups.items()
        for part in (count - 1, 1)
    ]
    return fairness.said(pd.DataFrame(rows, columns=["lang", "group_id", "tokens"]))


def test_tokens_by_group_and_language():
    table = said({"fra": {"b": 4, "a": 6}, "eng": {"a": 3}})
    assert table.index.tolist() == ["a", "b"] and table.columns.tolist() == ["fra", "eng"]
    assert table["fra"].tolist() == [6, 4]
    assert table["eng"].iloc[0] == 3 and np.isnan(table["eng"].iloc[1])


def test_premium_is_over_what_both_say():
    both = said({"fra": {"a": 6, "b": 4, "only here": 100}, "eng": {"b": 2, "a": 3, "only there": 100}})
    ratio = fairness.premium(both, "fra", "eng")
    assert value(ratio) == 2.0
    assert ratio.numerators.tolist() == [6, 4]
    assert ratio.denominators.tolist() == [3, 2]
    assert fairness.premium(said({"fra": {"a": 1}, "eng": {"b": 1}}), "fra", "eng") is None
    assert fairness.premium(both, "fra", "deu") is None


def test_gini():
    assert fairness.gini(np.array([3, 3, 3])) == pytest.approx(0)
    assert fairness.gini(np.array([0, 0, 0, 8])) == pytest.approx(3 / 4)
    assert fairness.gini(np.array([1, 3])) == pytest.approx(1 / 4)  # |1-3| twice, over 2 * 4 * 2
    assert fairness.gini(np.array([[1, 3], [5, 5]])).tolist() == pytest.approx([1 / 4, 0])


def test_gini_is_that_of_all_pairs():
    costs = np.random.default_rng(2).integers(1, 1000, 40)
    pairs = np.abs(costs[:, None] - costs[None]).sum()
    assert fairness.gini(costs) == pytest.approx(pairs / (2 * 40**2 * costs.mean()), abs=1e-12)


def test_lorenz_curve():
    assert fairness.lorenz(np.array([5, 1, 4])).tolist() == [0.1, 0.5, 1.0]


def test_gini_is_twice_the_area_over_the_lorenz_curve():
    costs = np.random.default_rng(4).integers(1, 50, 9)
    curve = np.concatenate([[0], fairness.lorenz(costs)])
    area = np.trapezoid(curve, dx=1 / 9)
    assert fairness.gini(costs) == pytest.approx(1 - 2 * area, abs=1e-12)


def test_what_all_languages_say():
    some = {"a": {"x": 1, "y": 2, "z": 9}, "b": {"y": 4, "x": 3}, "c": {"x": 5, "y": 6, "w": 1}}
    assert fairness.parallel(said(some)).tolist() == [[1, 3, 5], [2, 4, 6]]
    assert fairness.parallel(said({"a": {"x": 1}})) is None
    assert fairness.parallel(said({"a": {"x": 1}, "b": {"y": 1}})) is None
    assert fairness.parallel(said({})) is None


def test_gini_is_that_of_another_tool():
    """glotscope 0.1.0 on 110 aligned messages in 15 languages, from whose tokens it found this value."""
    costs = [1045, 1018, 1149, 817, 1086, 955, 789, 869, 1123, 1049, 1140, 843, 954, 1016, 685]
    assert fairness.gini(np.array(costs)) == pytest.approx(0.07924978218003388, abs=1e-12)
