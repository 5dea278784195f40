"""Two judges of one finished run: our own evaluation, and lm-evaluation-harness."""

from __future__ import annotations

import json
from pathlib import Path

from lib.contracts.answers import ANSWERS
from lib.contracts.harness import HARNESS
from lib.contracts.samples import SAMPLES
from lib.contracts.scores import SCORES
from lib.decoding.verifiers import number

CELL = "tiny/arithmetic/lora-r4/seed-0"


def test_lm_eval_agrees_on_every_item(finished: Path) -> None:
    results = finished / "results" / "evaluation"
    samples = SAMPLES.read(results / "harness" / "tok2cot-arithmetic" / f"{CELL}.parquet")
    theirs = dict(zip([json.loads(doc)["item_id"] for doc in samples["doc"]], samples["value"], strict=True))
    answers = ANSWERS.read(results / "answers.parquet" / CELL / "test" / "cot.parquet")
    ours = answers[answers["branch"] == 0].set_index("item_id")
    assert theirs == ours["correct"].astype(float).to_dict()
    # The few items of this run may all be wrong, but not alike: the answers are compared too.
    found = [json.loads(response)[0] for response in samples["response"]]
    read = [None if text == "[invalid]" else number(text) for text in found]
    assert dict(zip(theirs, read, strict=True)) == ours["extracted"].to_dict()
    assert len(set(read)) > 2


def test_the_scores_are_the_same_with_their_intervals(finished: Path) -> None:
    results = finished / "results" / "evaluation"
    theirs = HARNESS.read(results / "harness.parquet").iloc[0]
    scores = SCORES.read(results / "scores.parquet").set_index(["model", "task", "arm", "decoder", "metric"])
    ours = scores.loc["tiny", "arithmetic", "lora-r4", "greedy", "accuracy"]
    columns = ["value", "ci_low", "ci_high", "n_items"]
    assert theirs[columns].tolist() == ours[columns].tolist()
