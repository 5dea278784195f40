import re

import paper_fixtures
import pytest
from paper_fixtures import inputs, run

TABLES = {
    "tokens_per_word": (
        "paper_tabulate_languages",
        ["--corpus", "catalogs", "--metric", "tokens_per_word"],
        ["metrics"],
    ),
    "premium": ("paper_tabulate_languages", ["--corpus", "catalogs", "--metric", "premium"], ["metrics"]),
    "comparisons": (
        "paper_tabulate_comparisons",
        ["--corpus", "catalogs", "--baseline", paper_fixtures.BASE],
        ["comparisons", "metrics"],
    ),
    "scores": ("paper_tabulate_scores", [], ["scores", "costs"]),
    "summary": ("paper_tabulate_summary", [], ["summary"]),
    "arm_comparisons": ("paper_tabulate_arm_comparisons", [], ["arm_comparisons"]),
    "costs": ("paper_tabulate_costs", [], ["costs"]),
    "rounds": ("paper_tabulate_rounds", [], ["rounds"]),
    "loop_comparisons": ("paper_tabulate_arm_comparisons", [], ["loop_comparisons"]),
}


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


def tabulate(root, name, tmp_path):
    script, options, tables = TABLES[name]
    run(script, *options, "--output", tmp_path / f"{name}.tex", *inputs(root, tables))
    return (tmp_path / f"{name}.tex").read_text(encoding="utf-8")


@pytest.mark.parametrize("size", ["full", "tiny"])
@pytest.mark.parametrize("name", TABLES)
def test_each_line_has_all_columns(name, size, request, tmp_path):
    text = tabulate(request.getfixturevalue(size), name, tmp_path)
    columns = len(re.match(r"\\begin\{tabular\}\{(\w+)\}", text).group(1))
    lines = [line for line in text.splitlines() if line.endswith(r" \\")]
    assert len(lines) > 1
    assert {line.count(" & ") for line in lines} == {columns - 1}
    assert not re.search(r"(?<!\\)[_%#]", text)  # would stop LaTeX


@pytest.mark.parametrize(
    "name", [name for name, (_, _, tables) in TABLES.items() if paper_fixtures.may_be_empty(tables)]
)
def test_tables_of_nothing_have_their_header(empty, name, tmp_path):
    text = tabulate(empty, name, tmp_path)
    (header,) = [line for line in text.splitlines() if line.endswith(r" \\")]
    columns = len(re.match(r"\\begin\{tabular\}\{(\w+)\}", text).group(1))
    assert header.count(" & ") == columns - 1


def test_cells(full, tiny, tmp_path):
    assert re.search(r"^English & 1\.00 & 1\.00", tabulate(full, "premium", tmp_path), re.MULTILINE)
    compared = tabulate(full, "comparisons", tmp_path)
    assert re.search(r"^English & \\shortstack\{1\.\d{3}\\\\\{\}\[1\.\d{3}, 1\.\d{3}\]\} & ", compared, re.M)
    assert "smollm2" not in compared  # the baseline itself
    scores = tabulate(full, "scores", tmp_path)
    assert re.search(
        r"lora-r16 & 0 & CoT-decoding, max & accuracy \(\\%\) & 17\.\d \[\d+\.\d, \d+\.\d\] & 1\d", scores
    )
    assert re.search(r"lora-r1 & 0 & 1 & 32\.00 & 305\\,280 & ", tabulate(full, "costs", tmp_path))
    # Neither a rank nor a factor: dashes; nothing at all where a training failed.
    costs = tabulate(full, "costs", tmp_path)
    assert re.search(r"& full & 0 & -- & -- & 134\\,515\\,008 & \d", costs)
    assert re.search(r"& bottleneck-as-lora-r16 & 0 & 141 & -- & ", costs)
    assert re.search(r"& rslora-r64 \(diverged\) & 0 & 64 & --( & --){6} ", costs)
    assert re.search(r"& rslora-r64 \(diverged\) & 0( & --){5} ", scores)
    assert re.search(r"lora-r2 & 0 & greedy & accuracy \(\\%\) & n/a", tabulate(tiny, "scores", tmp_path))
    means = tabulate(full, "summary", tmp_path)
    assert re.search(r"& base & greedy & accuracy \(\\%\) & \d\.\d \[0\.\d, \d\.\d\] & 1 & 200 ", means)
    assert re.search(r"& lora-r64 & greedy & accuracy \(\\%\) & 7\.\d \[\d\.\d, 1\d\.\d\] & 3 & 200 ", means)
    apart = tabulate(full, "arm_comparisons", tmp_path)
    assert re.search(
        r"& lora-r64 & lora-r1 & greedy & accuracy & \d\.\d \[.*\] & 0\.\d+ & 0\.\d+ & 3\.7 & boot", apart
    )
    assert re.search(
        r"& base & lora-r1 & greedy & accuracy & \$-\$1\.\d .* & 2\.9 & mcnemar & 1 & 200 ", apart
    )
    assert re.search(r"& ia3 & lora-r1 & .* & 1\.000 & 1\.000 & n/a & ", apart)
    rounds = tabulate(tiny, "rounds", tmp_path)
    assert re.search(r"confidence & 0 & 1 & arithmetic, test & n/a & n/a & .* & 64 & 19\\,600 ", rounds)


NUMBERS = ("metrics", "comparisons", "bits", "scores", "summary", "arm_comparisons", "costs", "memory")
NUMBERS += ("loop_comparisons", "rounds", "reach")


def numbers(root, output):
    options = [word for name in NUMBERS for word in _named(root, name)]
    run("paper_numbers", "--corpus", "catalogs", "--lang", "jpn_Jpan", *options, "--output", output)
    return {path.stem: path.read_text(encoding="utf-8") for path in output.iterdir()}


def _named(root, name):
    option = "arm-comparisons" if name == "loop_comparisons" else name.replace("_", "-")
    return [f"--{option}", *inputs(root, [name])]


def test_numbers_are_the_values_of_the_tables(full, tmp_path):
    found = numbers(full, tmp_path / "numbers")
    assert 1.0 < float(found["premium_jpn_Jpan_unigram-16k-universal"]) < 1.5
    assert float(found["accuracy_smollm2-135m-q4_1_arithmetic_lora-r16_seed-0_greedy"]) == pytest.approx(
        5.8, abs=1
    )
    assert found["optimizer_smollm2-135m-q4_1_arithmetic_lora-r16_seed-0"] == "37.3"  # 16 x 305,280 x 8 bytes
    assert found["reach_smollm2-135m-q4_1_base_round-0_maths"] == "20.1"
    assert 0 < float(found["gini_unigram-16k-universal"]) < 1
    assert float(found["tokens_eng_Latn_unigram-16k-universal_over_smollm2-135m-q4_1"]) > 1
    assert float(found["bits_per_byte_catalogs_eng_Latn_smollm2-135m-q4_1_base_seed-0"]) > 0
    arm = "smollm2-135m-q4_1_arithmetic_lora-r16"
    seeds = [float(found[f"accuracy_{arm}_seed-{seed}_greedy"]) for seed in range(3)]
    assert float(found[f"accuracy_{arm}_greedy"]) == pytest.approx(sum(seeds) / 3, abs=0.1)
    first = float(found["accuracy_smollm2-135m-q4_1_arithmetic_lora-r1_greedy"])
    apart = float(found[f"accuracy_{arm}_above_lora-r1_greedy"])
    assert apart == pytest.approx(float(found[f"accuracy_{arm}_greedy"]) - first, abs=0.15)
    p, corrected = (float(found[f"{name}_{arm}_above_lora-r1_greedy"]) for name in ("p", "p_holm"))
    assert 0 < p < corrected <= 1
    assert float(found[f"peak_{arm}_train"]) > float(found[f"predicted_peak_{arm}_train"]) > 0.5
    assert float(found[f"joules_per_token_{arm}_evaluate"]) == 0.16
    assert f"peak_{arm.replace('lora', 'dora')}_train" not in found  # memory ran out
    loop = "smollm2-135m-q4_1_arithmetic_confidence_seed-0_round-2"
    assert float(found[f"accuracy_{loop}_arithmetic-template_greedy"]) > 0
    assert found[f"examples_{loop}_pool_selection"] == "64"
    assert found[f"bits_per_byte_change_{loop}_catalogs_reading"] == "0.043"
    pair = "smollm2-135m-q4_1_arithmetic_random-round-2_above_confidence-round-2_greedy"
    assert float(found[f"accuracy_{pair}"]) < 0 and found[f"p_holm_{pair}"] == "<0.0001"
    unknown = {name for name, text in found.items() if not re.fullmatch(r"<?-?\d+(\.\d+)?", text)}
    assert unknown == {"detectable_smollm2-135m-q4_1_arithmetic_ia3_above_lora-r1_greedy"}


def test_numbers_of_nothing_are_those_of_tokenizers(empty, tmp_path):
    found = numbers(empty, tmp_path / "numbers")
    assert found and all(name.startswith(("tokens_", "premium_", "gini_")) for name in found)


def test_numbers_that_are_missing_and_those_of_before(full, tiny, tmp_path):
    numbers(full, tmp_path / "numbers")
    found = numbers(tiny, tmp_path / "numbers")
    assert found["premium_jpn_Jpan_bytebpe-300-tiny"] == "n/a"
    assert found["joules_per_token_tiny_arithmetic_lora-r1_train"] == "n/a"
    assert "premium_jpn_Jpan_unigram-16k-universal" not in found
    assert [path.name for path in tmp_path.iterdir()] == ["numbers"]
