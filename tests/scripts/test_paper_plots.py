"""Every figure, drawn from tables as large as the default run's, as small as can be, and with no rows."""

import re
import warnings
from functools import cache
from itertools import combinations

import matplotlib
import paper_fixtures
import pytest
from matplotlib.text import Text
from paper_fixtures import FIGURES, draw

matplotlib.use("agg")

from lib.contracts.lora import TUNING
from lib.contracts.tokenizer import COMPARISONS
from lib.paper import figures


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    root = tmp_path_factory.mktemp("full")
    paper_fixtures.write(root)
    return root


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    root = tmp_path_factory.mktemp("tiny")
    paper_fixtures.write_tiny(root)
    return root


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    root = tmp_path_factory.mktemp("empty")
    paper_fixtures.write_empty(root)
    return root


def texts(svg):
    """Texts of a figure: outlines, each below a comment with what they spell."""
    return re.findall(r"<!-- (.*?) -->", svg.read_text(encoding="utf-8"))


def clashes(figure):
    """Texts of a figure that overlap each other or leave the picture."""
    renderer = figure.canvas.get_renderer()
    hidden = {label for ax in figure.axes for label in _undrawn(ax)}
    boxes = []
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and text not in hidden:
            box = text.get_window_extent(renderer)
            boxes.append((text.get_text(), box.padded(-1.5)))
    page = figure.bbox.padded(2)
    found = [f"{name!r} leaves the page" for name, box in boxes if not _inside(page, box)]
    return found + [f"{a!r} over {b!r}" for (a, x), (b, y) in combinations(boxes, 2) if x.overlaps(y)]


def _undrawn(ax):
    """Labels that matplotlib keeps but does not draw: of ticks out of sight, of hidden axes."""
    if not ax.get_visible():
        yield from ax.findobj(Text)
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if not low <= tick.get_loc() <= high:
                yield from (tick.label1, tick.label2)


def _inside(page, box):
    return page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1


@pytest.fixture(scope="module")
def drawn():
    """Draws a figure from the tables below a folder; gives the file, and what clashes. Each is drawn once."""
    save = figures.save

    @cache
    def one(root, name):
        found = []

        def checked(figure, outputs):
            figure.canvas.draw()
            found.extend(clashes(figure))
            save(figure, outputs)

        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            patch.setattr(figures, "save", checked)
            warnings.simplefilter("error", UserWarning)  # a missing glyph, a layout that does not fit
            (svg,) = draw(root, name, ("svg",))
        return svg, found

    return one


@pytest.mark.parametrize("size", ["full", "tiny"])
@pytest.mark.parametrize("name", FIGURES)
def test_readable(drawn, name, size, request):
    svg, found = drawn(request.getfixturevalue(size), name)
    assert found == []
    assert svg.stat().st_size > 1000


@pytest.mark.parametrize(
    "name", [name for name, (tables, _) in FIGURES.items() if paper_fixtures.may_be_empty(tables)]
)
def test_tables_of_nothing_are_drawn(empty, name):
    (svg,) = draw(empty, name, ("svg",))
    assert texts(svg)


def test_equal_tables_give_equal_files(full):
    first = [path.read_bytes() for path in draw(full, "headline")]
    assert first == [path.read_bytes() for path in draw(full, "headline")]


def test_japanese_is_drawn_and_its_cost_is_shown(drawn, full):
    svg, _ = drawn(full, "headline")
    assert "Japanese (日本語)" in texts(svg)
    assert any("mecab" in text for text in texts(svg))


@pytest.mark.parametrize(
    "name",
    [
        *("fertility", "headline", "fairness", "retok", "plasticity", "code_share"),
        *("accuracy_by_rank", "forgetting", "decoding", "rounds"),
    ],
)
def test_what_is_missing_is_not_zero(drawn, tiny, name):
    svg, _ = drawn(tiny, name)
    assert "n/a" in texts(svg)
    zero = name in ("headline", "forgetting", "code_share")  # their axes have it
    assert "0.00" not in texts(svg) or zero


@pytest.mark.parametrize("name", ["accuracy_by_rank", "loss"])
def test_failed_trainings_are_named_and_not_drawn(full, name):
    (svg,) = draw(full, name, ("svg",))
    written = texts(svg)
    (note,) = [text for text in written if "Not shown" in text]
    assert "smollm2-135m-q4_1 on arithmetic, rslora-r64 (diverged), seed 0" in note
    assert not any(text.startswith("rslora") for text in written)
    assert name == "loss" or "rank" in written  # the end of the axis, for full and ia3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("lorenz", "no message is in all languages"),
        ("universality", "no two tokenizers differ only in how many languages"),
        ("morphs", "no gold segmentations"),
    ],
)
def test_nothing_to_show_has_a_reason(drawn, tiny, name, reason):
    svg, _ = drawn(tiny, name)
    assert "n/a" in texts(svg) and any(reason in text for text in texts(svg))


def test_universality_compares_with_narrower_mixes_alone(full, tmp_path):
    """Where all are compared with a trained tokenizer, most of them are not what the figure is about."""
    trained = "bytebpe-16k-universal"
    table = paper_fixtures.comparisons(paper_fixtures.TOKENIZERS, paper_fixtures.LANGUAGES, trained)
    COMPARISONS.write(table, tmp_path / "comparisons.parquet")
    svg = tmp_path / "universality.svg"
    options = [*paper_fixtures.LANGS, "--output", svg]
    training = paper_fixtures.inputs(full, ["training"])
    paper_fixtures.run("paper_plot_universality", *options, tmp_path / "comparisons.parquet", *training)
    pairs = [text for text in texts(svg) if re.fullmatch(r"\S+ over \S+", text)]
    assert pairs == ["universal over european"] * 2
    english = table.set_index(["tokenizer", "baseline", "lang"])["value"]
    assert f"{english[trained, 'bytebpe-16k-european', 'eng_Latn']:.2f}" in texts(svg)


def test_rates_that_all_failed_are_crosses(tmp_path):
    table = paper_fixtures.tuning([("tiny", "arithmetic", "lora-r2", 2)], [1e-3, 1e-2])
    failed = {"dev_loss": None, "status": "out-of-memory", "reason": "no room", "chosen": False}
    TUNING.write(table.assign(**failed, at_edge=False), tmp_path / "tuning.parquet")
    svg = tmp_path / "rates.svg"
    paper_fixtures.run("paper_plot_learning_rate", "--output", svg, tmp_path / "tuning.parquet")
    assert texts(svg).count("×") == 2
    assert any("×: diverged, or out of memory" in text for text in texts(svg))


def test_probes_count_what_repeats(drawn, full):
    svg, _ = drawn(full, "probes")
    assert {"3+3+1", "5\N{MULTIPLICATION SIGN}3+1", "1+1", "(97 %)"} <= set(texts(svg))


def test_comparisons_mark_what_is_sure(full):
    (svg,) = draw(full, "arm_comparisons", ("svg",))
    assert {"accuracy above lora-r1 (points)", "chrF above lora-r1 (points)"} <= set(texts(svg))
    assert any("of one seed each" in text for text in texts(svg))


def test_memory_that_ran_out_is_told(full):
    (svg,) = draw(full, "memory_by_rank", ("svg",))
    assert "out-of-memory" in texts(svg)


def test_energy_is_shown_where_it_is_known(full, tiny):
    known, unknown = (texts(draw(root, "throughput", ("svg",))[0]) for root in (full, tiny))
    assert any("J a token" in text for text in known) and not any("J a token" in text for text in unknown)
    assert any("did not tell" in text for text in unknown) and not any(
        "did not tell" in text for text in known
    )


def test_rounds_share_an_axis_that_holds_all_points(drawn, tiny):
    """The ways of decoding differ: a scale fixed by the first would cut off the others."""
    svg, _ = drawn(tiny, "rounds")
    assert "15" in texts(svg)


def test_rounds_tell_differences_and_the_gate(drawn, full):
    svg, _ = drawn(full, "rounds")
    found = " ".join(texts(svg))
    assert "confidence above it (points)" in found and "before: lora-r16" in found
    assert "1 of 2 start adapters pass" in found and "seed 0, pool-1 (0.5 [" in found


def test_loss_needs_to_know_the_cell(full, tmp_path, capsys):
    (costs, path, *_) = paper_fixtures.inputs(full, ["costs", "steps"])
    stray = tmp_path / "steps.parquet"
    stray.write_bytes(path.read_bytes())
    with pytest.raises(RuntimeError):
        paper_fixtures.run("paper_plot_loss", "--output", tmp_path / "loss.svg", costs, stray)
    assert "steps.parquet: expected {model}/{task}/{arm}/seed-{seed}" in capsys.readouterr().err
