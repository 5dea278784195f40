"""One tiny cell of the pipeline, run script by script as the rules do, for the tests of the scripts."""

from types import SimpleNamespace

import pytest
from commands import done
from tiny_cell import ARM, BUDGET, CELL, DECODING, TASK
from tiny_lm import save_model

from lib.tasks.item import Item


@pytest.fixture(scope="session")
def cell(tmp_path_factory):
    """Paths of everything that the scripts of one cell wrote: tasks, training, evaluation."""
    root = tmp_path_factory.mktemp("cell")
    path = SimpleNamespace(
        root=root,
        model=save_model(root / "model"),
        train=root / "task" / "train.parquet",
        test=root / "task" / "test.parquet",
        adapter=root / "lora" / "adapter",
        steps=root / "lora" / "steps.parquet",
        cost=root / "lora" / "cost.parquet",
        branches=root / "branches.parquet",
        answers=root / "answers.parquet",
        scores=root / "scores.parquet",
    )
    lm = {"model": path.model, "dtype": "float32", "threads": 1}
    for split, size in (("train", 40), ("test", 12)):
        done("task_build", task=TASK, split=split, size=size, seed=0, items=getattr(path, split))
    outputs = {"adapter": path.adapter, "steps": path.steps, "cost": path.cost}
    path.training = done("lora_train", path.train, **lm, arm=ARM, budget=BUDGET, cell=CELL, **outputs)
    done(
        "evaluation_predict",
        **lm,
        adapter=path.adapter,
        decoding=DECODING,
        cell={**CELL, "split": "test"},
        items=path.test,
        branches=path.branches,
    )
    tokenizer = path.model / "tokenizer.json"
    given = {"branches": path.branches, "items": path.test, "tokenizer": tokenizer}
    done("evaluation_answer", **given, answers=path.answers)
    given = {"answers": path.answers, "items": path.test, "resamples": 100, "seed": 0}
    done("evaluation_score", **given, arm={"method": "lora", "rank": 4}, scores=path.scores)
    return path


@pytest.fixture
def item():
    """A question of which only the name matters."""

    def named(name, answer="1", verifier="number"):
        return Item(name, f"Q: {name}\nA:", f" {answer}", answer, verifier, "test", "direct")._asdict()

    return named
