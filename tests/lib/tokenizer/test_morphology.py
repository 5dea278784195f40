import pytest

from lib.tokenizer.morphology import gold_boundaries, parse, scores


def test_words_whose_morphs_do_not_spell_them_are_counted():
    gold = parse(["unfairly\tun fair ly\n", "\n", "went\tgo ed", "猫たち\t猫 たち"])
    assert gold.words == [("unfairly", ["un", "fair", "ly"]), ("猫たち", ["猫", "たち"])]
    assert gold.left_out == 1


@pytest.mark.parametrize("line", ["cats cat s", "cats\t", "\tcat s", "cats\tcat\ts"])
def test_a_line_of_another_form_is_refused_by_number(line):
    with pytest.raises(ValueError, match="line 2 "):
        parse(["a\ta", line])


def test_boundaries_are_in_bytes():
    assert gold_boundaries(["un", "fair", "ly"]) == [2, 6]
    assert gold_boundaries(["猫", "たち"]) == [3] and gold_boundaries(["cat"]) == []


def test_scores_are_ratios_of_totals():
    # un|fair|ly as un|fairly, cat|s as c|at|s, dog as d|og, walk|ed kept whole.
    ratios = scores([{2, 6}, {3}, set(), {4}], [{2}, {1, 3}, {1}, set()])
    value = {name: ratio.numerators.sum() / ratio.denominators.sum() for name, ratio in ratios.items()}
    assert value == {"precision": 2 / 4, "recall": 2 / 4, "f1": 4 / 8}


def test_f1_is_the_harmonic_mean():
    ratios = scores([{2, 6}, {3}], [{2}, {1, 3, 4}])
    precision, recall, f1 = (r.numerators.sum() / r.denominators.sum() for r in ratios.values())
    assert (precision, recall) == (2 / 4, 2 / 3)
    assert f1 == pytest.approx(2 * precision * recall / (precision + recall))
