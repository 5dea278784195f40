"""Find the learning rate of an arm: train with several for a few steps, and compare them on the dev split.

Example:
    python workflow/scripts/lora_tune.py --model results/model/smollm2-135m-q4_1 \
        --arm '{"block": "lora", "method": "lora", "rank": 16, "alpha": 32, "targets": "all-linear",
            "learning_rate": "tuned", "warmup": 10, "weight_decay": 0.0, "clip": 1.0}' \
        --budget '{"steps": 60, "rows": 16}' \
        --search '{"learning_rates": [3e-4, 1e-3, 3e-3], "halving": true}' \
        --cell '{"model": "smollm2-135m-q4_1", "task": "arithmetic", "arm": "lora-r16", "seed": 0}' \
        --dev results/task/arithmetic/dev.parquet --table out/tuning.parquet \
        results/task/arithmetic/train.parquet

READS   a model folder; task items (contract task.ITEMS) of the splits train and dev; an adapter folder to
        build on
WRITES  dev losses of each learning rate (lora.TUNING), with the one that is chosen; while it runs,
        checkpoints beside the table, from which the same command goes on. A rate whose loss diverges, or
        that memory does not suffice for, is out; where all fail, or the adapter below has failed, none is
        chosen, and the table says why: the trainings of the arm fail alike, and the rest of a grid goes on

All rates begin with the same weights and read the same rows. With halving, the better half goes on at each
comparison: the others are stopped, and their loss at the end is not known.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from lib.adaptation import outcome, saved
from lib.adaptation.arm import Arm
from lib.cli import UserError, main, settings
from lib.contracts.lora import TUNING
from lib.contracts.task import ITEMS
from lib.models.folder import files_of
from lib.progress import Work
from lib.provenance import sha256
from lib.run import Budget
from lib.training import Checkpoint, mean_loss, train
from lib.tuning import at_edge, choice, search_rates, untried


def lora_tune(
    model: Annotated[Path, typer.Option(help="Folder of the base model.")],
    arm: Annotated[str, typer.Option(help="Arm: JSON or a JSON file, fields of lib.adaptation.arm.Arm.")],
    budget: Annotated[str, typer.Option(help="Steps and rows a step: JSON or a JSON file.")],
    search: Annotated[str, typer.Option(help="JSON with learning_rates, and halving: true or false.")],
    cell: Annotated[str, typer.Option(help="What is tuned: JSON with model, task, arm, seed.")],
    dev: Annotated[Path, typer.Option(help="Table of the items that rates are compared on.")],
    table: Annotated[Path, typer.Option(help="Table of dev losses to write.")],
    items: Annotated[list[Path], typer.Argument(help="Tables of task items to train on.")],
    under: Annotated[Path | None, typer.Option(help="Adapter folder that stays below, frozen.")] = None,
    chat: Annotated[bool, typer.Option(help="Put prompts into the model's chat template.")] = False,
    dtype: Annotated[str, typer.Option(help="Type of the frozen weights.")] = "auto",
    threads: Annotated[int, typer.Option(help="Numerical threads.")] = 1,
    checkpoint_every: Annotated[int, typer.Option(help="Steps between two checkpoints.")] = 25,
) -> None:
    """Train an arm with several learning rates, and choose the one with the lowest loss on the dev split."""
    given, length, names = Arm(**settings(arm)), Budget(**settings(budget)), settings(cell)
    how, seed = settings(search), names["seed"]
    examples, questions = ITEMS.read(*items), ITEMS.read(dev)
    for path, table_of in ((items[0], examples), (dev, questions)):
        if table_of.empty:
            raise UserError(f"{path}: no rows; check what the table was made from")

    import torch

    from lib.adaptation.matching import grounded
    from lib.adaptation.methods import METHODS
    from lib.models import lm

    method, wanted = METHODS[given.method], lm.dtype_of(dtype)
    read = [*items, *files_of(model), *([under / saved.WEIGHTS] if under else [])]
    # What ``dtype`` came to, and where: a run is not resumed on a node that computes other bits.
    place = [str(wanted), lm.device(), threads]
    run = [asdict(given), asdict(length), names, chat, *place, *map(sha256, read)]
    rates = sorted(how["learning_rates"])

    def checkpoint_of(name: str, *extra: Any) -> Checkpoint:
        identity = hashlib.sha256(json.dumps([*extra, *run]).encode()).hexdigest()
        return Checkpoint(table.parent / f"{name}.pt", identity, checkpoint_every)

    trainings = {rate: checkpoint_of(f"tuning-{number}", rate) for number, rate in enumerate(rates)}
    comparisons = checkpoint_of("tuning", sha256(dev))
    known = (comparisons.restore() or {"losses": {}})["losses"]

    with Work("lora_tune", length.steps * len(rates), "steps at most") as work:
        try:
            if under:
                outcome.require(under)
            base, tokenizer = lm.load(model, None, "float32" if method.whole else dtype, threads)
            base, (chosen,) = grounded(base, [given], under)
            network = method.attach(base, chosen, seed, None)
            chain, mixed = method.chain(network, chosen, seed), method.whole and wanted == torch.bfloat16
            trained = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
            changed = trained | (chain.weights() if chain else {})
            first = {name: weight.detach().clone() for name, weight in changed.items()}
            rows, asked = (
                lm.training_rows(tokenizer, part["prompt"], part["target"], chat)
                for part in (examples, questions)
            )

            def trial(rate: float, until: int) -> float:
                key = f"{rate} {until}"
                if key not in known:
                    with torch.no_grad():
                        for name, weight in changed.items():
                            weight.copy_(first[name])
                    recipe, checkpoint = replace(chosen, learning_rate=rate), trainings[rate]
                    options = {"mixed": mixed, "chain": chain, "until": until}
                    train(network, rows, recipe, length, seed, checkpoint, work.advance, **options)
                    known[key] = mean_loss(network, asked, mixed)
                    comparisons.save(losses=known)
                print(f"lora_tune: rate {rate:g}, step {until}: dev loss {known[key]:.4f}", file=sys.stderr)
                return known[key]

            found = search_rates(rates, length.steps, how["halving"], trial)
        except Exception as error:  # before any rate: what befalls one of them is noted there
            found = untried(rates, outcome.of(error))
        best = choice(found)
        if best is None:
            print(f"warning: all rates failed, the lowest: {found[0]['reason']}", file=sys.stderr)
        if edge := at_edge(best, rates):
            print(f"note: {best:g} is at the edge of the rates; a better one may lie beyond", file=sys.stderr)
        for row in found:
            best_one = row["learning_rate"] == best
            row |= {**names, "chosen": best_one, "at_edge": best_one and edge}
        facts = {"inputs": [*items, dev], "seed": seed, "dtype": str(wanted), "threads": threads}
        TUNING.write(found, table, **facts)
        for checkpoint in (*trainings.values(), comparisons):
            checkpoint.remove()


if __name__ == "__main__":
    main(lora_tune)
