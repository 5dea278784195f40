import math

import pytest

from lib.paper import latex


def test_escape():
    assert latex.escape("smollm2_q4 50 % & more") == r"smollm2\_q4 50 \% \& more"
    assert latex.escape("a\\b~^") == r"a\textbackslash{}b\textasciitilde{}\textasciicircum{}"


def test_numbers():
    assert latex.number(1234567.0, 0) == r"1\,234\,567"
    assert latex.number(-0.5, 1) == "$-$0.5"
    assert latex.number(None, 1) == latex.number(math.nan, 1) == "n/a"


def test_probabilities():
    assert [latex.probability(p) for p in (1.0, 0.0456, 0.00099)] == ["1.000", "0.046", "$<$0.001"]


def test_intervals():
    assert latex.interval(17.25, 12.0, 22.5, 1) == "17.2 [12.0, 22.5]"
    assert latex.interval(17.25, None, None, 1) == "17.2"
    assert latex.interval(None, None, None, 1) == "n/a"


def test_values_above_intervals():
    # Without the braces LaTeX would take the bracket for an option of the line end.
    assert latex.above(17.25, 12.0, 22.5, 1) == r"\shortstack{17.2\\{}[12.0, 22.5]}"
    assert latex.above(17.25, None, None, 1) == "17.2"
    assert latex.above(None, None, None, 1) == "n/a"


def test_tabular():
    text = latex.tabular("lr", ["a", "b"], [["x", "1"], None, ["y", "2"]])
    assert text.splitlines() == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"a & b \\",
        r"\midrule",
        r"x & 1 \\",
        r"\addlinespace",
        r"y & 2 \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


@pytest.mark.parametrize(("alignment", "row"), [("lr", ["x"]), ("l", ["x", "1"])])
def test_tabular_refuses_rows_of_another_length(alignment, row):
    with pytest.raises(ValueError, match="columns are declared"):
        latex.tabular(alignment, ["a", "b"], [row])
