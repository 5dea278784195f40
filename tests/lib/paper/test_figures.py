import numpy as np
import pandas as pd
import pytest

from lib.paper import figures


def _rows(values):
    return pd.DataFrame({"value": values, "ci_low": [0.5, None, None], "ci_high": [1.5, None, None]})


def test_the_font_package_is_not_imported():
    import sys

    figures.style()
    assert figures.FONT_PACKAGE not in sys.modules


def test_drawable_knows_the_fonts():
    figures.style()
    assert figures.drawable("Japanese (日本語)")
    assert not figures.drawable("தமிழ்")


@pytest.mark.parametrize("horizontal", [False, True])
def test_missing_points_say_so_and_are_not_zero(horizontal):
    _, axes = figures.panels(1, 1, 2)
    figures.points(axes[0, 0], [0, 1, 2], _rows([1.0, None, 2.0]), horizontal=horizontal)
    assert [text.get_text() for text in axes[0, 0].texts] == ["n/a"]
    drawn = axes[0, 0].lines[0].get_xydata()[:, 0 if horizontal else 1]
    assert drawn.tolist() == [1.0, 2.0]


def test_missing_cells_say_so():
    _, axes = figures.panels(1, 1, 2)
    figures.heat_map(axes[0, 0], pd.DataFrame([[1.0, np.nan], [2.0, 3.0]]), digits=1)
    texts = {tuple(np.floor(text.get_position())): text.get_text() for text in axes[0, 0].texts}
    assert texts == {(0, 0): "1.0", (1, 0): "n/a", (0, 1): "2.0", (1, 1): "3.0"}


def test_cells_may_hold_texts():
    _, axes = figures.panels(1, 1, 2)
    values = pd.DataFrame([[1.0, np.nan]])
    figures.heat_map(axes[0, 0], values, texts=pd.DataFrame([["3+1", "no"]]))
    assert [text.get_text() for text in axes[0, 0].texts] == ["3+1", "n/a"]


def test_log_ticks():
    assert figures.log_ticks(0.9, 60) == [1, 2, 5, 10, 20, 50]
    assert figures.log_ticks(2.1, 4.9) == [2.1, 4.9]


@pytest.mark.parametrize(
    ("ranks", "ticks"),
    [
        ([4, 16, 4], {4: "4", 16: "16"}),
        ([4, None, 16], {4: "4", 16: "16", 64: "no\nrank"}),
        ([1, 2, 4, 8, 16, 32, 64], {1: "1", 4: "4", 16: "16", 64: "64"}),
        ([128, 141, None], {564: "no\nrank"}),
        ([64, 128, 141], {64: "64"}),
        ([None], {4: "no\nrank"}),
    ],
)
def test_what_has_no_rank_stands_at_the_end_of_the_axis(ranks, ticks):
    _, axes = figures.panels(1, 1, 2)
    ax, found = axes[0, 0], pd.Series(ranks, dtype=float)
    places = figures.rank_axis(ax, found)
    drawn = dict(zip(ax.get_xticks(), [label.get_text() for label in ax.get_xticklabels()], strict=True))
    assert drawn == ticks
    beyond = [place for place, text in ticks.items() if "no" in text]
    assert places.tolist() == [rank if rank == rank else beyond[0] for rank in found]
    assert all(low < place < high for place in places for low, high in [ax.get_xlim()])


def test_failed_trainings_are_named_below():
    assert figures.left_out([]) == ""
    assert figures.left_out(["a", "b"]) == "\nNot shown: a; b."


def test_notes_are_broken_into_lines():
    figure, _ = figures.panels(1, 1, 2)
    figures.note(figure, "word " * 100 + "\nanother line")
    *lines, last = figure.get_supxlabel().split("\n")
    assert max(map(len, lines)) <= figures.NOTE and len(lines) > 3 and last == "another line"


def test_the_note_says_what_an_interval_of_one_seed_leaves_out():
    rows = pd.DataFrame(
        {"arm": ["base", "lora-r1"], "interval_over": ["items", "seeds and items"], "n_items": 200}
    )
    said = "Bars: 95 % intervals over items, or seeds and items; 200 items."
    assert figures.over(rows) == said  # the base has one run, whatever the seed
    alone = rows.assign(interval_over="items")
    assert "of one seed each" in figures.over(alone)
    assert "of one seed each" in figures.over(alone.drop(columns="arm"))  # of a loop
    assert "of one seed each" not in figures.over(alone[alone["arm"] == "base"])
    both = figures.over(alone.assign(interval_over=["items", "templates"]))
    assert both.startswith(
        "Bars: 95 % intervals over items, or templates; 200 items. Those over templates are"
    )
    assert "of one seed each" in figures.over(alone.assign(reference="lora-r1").head(1))


def test_count():
    assert figures.count(pd.Series([1024, 1024])) == "1,024"
    assert figures.count(pd.Series([10, 1024])) == "10 to 1,024"
    assert figures.count(pd.Series([], dtype=int)) == "no"


def test_save_leaves_nothing_when_it_fails(tmp_path):
    figure, _ = figures.panels(1, 1, 2)
    with pytest.raises(KeyError):
        figures.save(figure, [tmp_path / "a.svg", tmp_path / "a.unknown"])
    assert list(tmp_path.iterdir()) == []
