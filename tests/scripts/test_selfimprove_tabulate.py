import pytest
import selfimprove_tabulate
from commands import done
from tiny_cell import CELL

from lib.contracts.scores import ROUNDS, SCORES
from lib.contracts.selected import SELECTED


def test_rounds_and_the_precision_of_their_selection(tmp_path, item):
    scores, selected = [], []
    for number, value in enumerate((0.25, 0.5, 0.75)):
        row = {
            **CELL,
            "split": "test",
            "method": "lora",
            "rank": 4,
            "decoder": "greedy",
            "metric": "accuracy",
            "value": value,
            "ci_low": value - 0.1,
            "ci_high": value + 0.1,
            "interval_over": "items",
            "n_items": 8,
        }
        scores.append(tmp_path / f"scores-{number}.parquet")
        SCORES.write([row], scores[-1])
    for number, right in ((1, [True, False, False, False]), (2, [True, True])):
        rows = [
            {**item(f"{number}-{n}"), "round": number, "confidence": 1.0, "correct": correct}
            for n, correct in enumerate(right)
        ]
        selected.append(tmp_path / f"selected-{number}.parquet")
        SELECTED.write(rows, selected[-1])
    options = {"loop": "sure", "filter": "confidence", "seed": 5}
    done("selfimprove_tabulate", *scores, **options, selected=selected, rounds=tmp_path / "rounds.parquet")
    found = ROUNDS.read(tmp_path / "rounds.parquet")
    assert found[["round", "decoder", "metric", "value", "n_items"]].values.tolist() == [
        [0, "greedy", "accuracy", 0.25, 8],
        [1, "greedy", "accuracy", 0.5, 8],
        [2, "greedy", "accuracy", 0.75, 8],
        [1, "selection", "precision", 0.25, 4],
        [2, "selection", "precision", 1.0, 2],
    ]
    names = found[["model", "task", "loop", "filter", "seed"]].drop_duplicates()
    assert names.values.tolist() == [["tiny", "sums", "sure", "confidence", 5]]
    assert found["ci_low"][3] <= 0.25 < found["ci_high"][3] < 1
    assert found["ci_low"][:3].tolist() == pytest.approx([0.15, 0.4, 0.65])

    # The second round failed, then the start itself.
    SCORES.write([], scores[2])
    SELECTED.write([], selected[1])
    shorter = tmp_path / "shorter.parquet"
    selfimprove_tabulate.selfimprove_tabulate(**options, rounds=shorter, selected=selected, scores=scores)
    assert ROUNDS.read(shorter)["round"].tolist() == [0, 1, 1]
    for path in (*scores, *selected):
        (SCORES if path in scores else SELECTED).write([], path)
    selfimprove_tabulate.selfimprove_tabulate(**options, rounds=shorter, selected=selected, scores=scores)
    assert ROUNDS.read(shorter).empty
