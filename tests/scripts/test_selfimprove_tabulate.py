import pytest
import selfimprove_tabulate
from commands import done
from tiny_cell import CELL

from lib.contracts.held_out import BITS
from lib.contracts.lora import STEPS
from lib.contracts.scores import ROUNDS, SCORES
from lib.contracts.selected import SELECTED

LOOP = {"model": "tiny", "task": "sums", "loop": "sure", "filter": "confidence", "seed": 5}


def score(path, task, value):
    row = {
        **CELL,
        "task": task,
        "split": "test",
        "method": "lora",
        "rank": 4,
        "decoder": "greedy",
        "metric": "accuracy",
        "value": value,
        "ci_low": value - 0.1,
        "ci_high": value + 0.1,
        "interval_over": "templates" if task == "more" else "items",
        "n_items": 8,
    }
    SCORES.write([row], path)
    return path


def chains(path, number, right, item):
    own = {"round": number, "branch": 0, "confidence": 1.0}
    rows = [
        {**item(f"{number}-{n}"), **own, "source": f"{number}-{n}", "correct": correct}
        for n, correct in enumerate(right)
    ]
    SELECTED.write(rows, path)
    return path


def trained(path, tokens):
    row = {"loss": 1.0, "learning_rate": 1e-3, "tokens": 9, "gradient_norm": 1.0, "seconds": 1.0}
    STEPS.write([{**row, "step": n, "target_tokens": count} for n, count in enumerate(tokens, 1)], path)
    return path


def read(path, bits):
    row = {**CELL, "corpus": "books", "domain": "prose", "lang": "eng_Latn", "tokens": 4, "bytes": 8}
    BITS.write([{**row, "doc_id": str(n), "bits": value} for n, value in enumerate(bits)], path)
    return path


@pytest.fixture
def tables(tmp_path, item):
    tests = [("sums", 0.25), ("more", 0.1), ("sums", 0.5), ("more", 0.2), ("sums", 0.75), ("more", 0.3)]
    return {
        "scores": [score(tmp_path / f"scores-{n}.parquet", *test) for n, test in enumerate(tests)],
        "selected": [
            chains(tmp_path / f"selected-{n}.parquet", n, right, item)
            for n, right in ((1, [True, False, False, False]), (2, [True, True]))
        ],
        "steps": [
            trained(tmp_path / f"steps-{n}.parquet", tokens) for n, tokens in ((1, [10, 20]), (2, [5, 6]))
        ],
        "held_out": [
            read(tmp_path / f"held_out-{n}.parquet", bits)
            for n, bits in enumerate(([8.0, 12.0, None], [10.0, 16.0, None], [8.0, 8.0, None]))
        ],
    }


def test_all_that_is_known_of_the_rounds(tmp_path, tables):
    scores, options = tables.pop("scores"), {"cell": LOOP, "resamples": 100, "seed": 0}
    done("selfimprove_tabulate", *scores, **options, **tables, rounds=tmp_path / "rounds.parquet")
    found = ROUNDS.read(tmp_path / "rounds.parquet")
    columns = ["round", "tested", "decoder", "metric", "value", "n_items"]
    assert found[columns].astype(object).where(found[columns].notna(), None).values.tolist() == [
        [0, "sums", "greedy", "accuracy", 0.25, 8],
        [0, "more", "greedy", "accuracy", 0.1, 8],
        [1, "sums", "greedy", "accuracy", 0.5, 8],
        [1, "more", "greedy", "accuracy", 0.2, 8],
        [2, "sums", "greedy", "accuracy", 0.75, 8],
        [2, "more", "greedy", "accuracy", 0.3, 8],
        [1, None, "selection", "precision", 0.25, 4],
        [1, None, "selection", "examples", 4, 4],
        [1, None, "selection", "target_tokens", 30, 4],
        [2, None, "selection", "precision", 1.0, 2],
        [2, None, "selection", "examples", 2, 2],
        [2, None, "selection", "target_tokens", 11, 2],
        [0, "books", "reading", "bits_per_byte", 20 / 16, 2],
        [0, "books", "reading", "bits_per_byte_change", 0, 2],
        [1, "books", "reading", "bits_per_byte", 26 / 16, 2],
        [1, "books", "reading", "bits_per_byte_change", 6 / 16, 2],
        [2, "books", "reading", "bits_per_byte", 1.0, 2],
        [2, "books", "reading", "bits_per_byte_change", -4 / 16, 2],
    ]
    assert found[list(LOOP)].drop_duplicates().to_dict("records") == [LOOP]
    assert found["ci_low"][6] <= 0.25 < found["ci_high"][6] < 1
    assert found["ci_low"][:2].tolist() == pytest.approx([0.15, 0])
    assert found["ci_low"][7:9].isna().all()
    assert found["interval_over"][:2].tolist() == ["items", "templates"]  # those of the scores


def test_a_loop_ends_where_its_training_failed(tmp_path, tables):
    tables |= {"cell": str(LOOP).replace("'", '"'), "resamples": 100, "seed": 0}
    tables["rounds"] = tmp_path / "rounds.parquet"
    for path in tables["held_out"]:
        BITS.write([], path)
    # The second round failed, then the first, then the start itself.
    for path in tables["scores"][4:]:
        SCORES.write([], path)
    SELECTED.write([], tables["selected"][1])
    selfimprove_tabulate.selfimprove_tabulate(**tables)
    assert ROUNDS.read(tables["rounds"])["round"].tolist() == [0, 0, 1, 1, 1, 1, 1]
    STEPS.write([], tables["steps"][0])
    selfimprove_tabulate.selfimprove_tabulate(**tables)
    found = ROUNDS.read(tables["rounds"]).set_index("metric")
    assert found.loc["examples", "value"] == 4 and found["value"].isna()["target_tokens"]
    for path in tables["scores"]:
        SCORES.write([], path)
    SELECTED.write([], tables["selected"][0])
    selfimprove_tabulate.selfimprove_tabulate(**tables)
    assert ROUNDS.read(tables["rounds"]).empty
