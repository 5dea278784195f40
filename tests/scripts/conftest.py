"""One tiny cell of the pipeline, run script by script as the rules do, for the tests of the scripts."""

from types import SimpleNamespace

import pytest
import torch
from commands import done
from safetensors.torch import load_file
from tiny_cell import ARM, BUDGET, CELL, DECODING, TASK
from tiny_lm import byte_tokenizer, random_model, save_model
from tiny_pretraining import ARM as SCRATCH
from tiny_pretraining import CELL as NANO
from tiny_pretraining import TEXT as READING
from tiny_pretraining import WORDS, characters, documents, write_documents

from lib.adaptation import saved
from lib.contracts.pretraining import BITS
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
        cell={**CELL, "split": "test", "decoding": "cot"},
        items=path.test,
        branches=path.branches,
    )
    tokenizer = path.model / "tokenizer.json"
    given = {"branches": path.branches, "items": path.test, "tokenizer": tokenizer}
    done("evaluation_answer", **given, answers=path.answers)
    given = {"items": path.test, "resamples": 100, "seed": 0, "cost": path.cost}
    done("evaluation_score", path.answers, **given, scores=path.scores)
    return path


@pytest.fixture(scope="session")
def tuned(cell, tmp_path_factory):
    """The adapter folder of a full fine-tuning of the cell's model: every weight a little off."""
    folder = tmp_path_factory.mktemp("tuned")
    weights = load_file(cell.model / "model.safetensors")
    source = torch.Generator().manual_seed(0)
    changed = {
        name: weight + 0.05 * torch.randn(weight.shape, generator=source) for name, weight in weights.items()
    }
    saved.write(folder, {"method": "full"}, changed)
    return folder


@pytest.fixture(scope="session")
def nano(tmp_path_factory):
    """A folder with two models that differ in their tokenizer, and documents in three languages."""
    folder = tmp_path_factory.mktemp("pretraining")
    for name, tokenizer in (("few", byte_tokenizer()), ("many", characters())):
        random_model("llama").save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
    write_documents(folder)
    return folder


@pytest.fixture(scope="session")
def scored(nano):
    """A model before and after its training, scored in three languages; training and scores as processes."""
    read = documents(nano, "test", WORDS)
    done(
        "pretraining_train",
        *documents(nano),
        model=nano / "few",
        arm=SCRATCH,
        text=READING,
        budget={"steps": 40, "rows": 8},
        cell=NANO,
        seed=0,
        dtype="float32",
        files=nano / "trained" / "model" / "files.parquet",
        steps=nano / "trained" / "steps.parquet",
        texts=nano / "trained" / "texts.parquet",
    )
    for arm, model in (("base", nano / "few"), ("scratch", nano / "trained" / "model")):
        cell, bits = {**NANO, "arm": arm}, nano / f"{arm}.parquet"
        options = {"characters": 40, "documents_per_language": 10, "dtype": "float32"}
        done("pretraining_score", *read, model=model, cell=cell, bits=bits, **options)
    return BITS.read(nano / "base.parquet"), BITS.read(nano / "scratch.parquet")


@pytest.fixture
def item():
    """A question of which only the name matters."""

    def named(name, answer="1", verifier="number"):
        return Item(name, f"Q: {name}\nA:", f" {answer}", answer, verifier, "test", "direct")._asdict()

    return named
