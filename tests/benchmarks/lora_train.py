"""How much faster an adapter trains than in a plain loop of PEFT and transformers, on the same rows.

Example:
    snakemake --cores 2 results/model/smollm2-135m-q4_1/files.parquet results/task/arithmetic/train.parquet
    python tests/benchmarks/lora_train.py

READS   results/model/smollm2-135m-q4_1, results/task/arithmetic/train.parquet

LoRA of rank 8 on all linear layers, 16 rows a step, two threads. A pair is two processes, one after the
other: the plain loop (plain_lora.py) and the pipeline's own script, which begin with the same adapter and
read the same rows in the same order; throughput is tokens of rows, without padding, by the wall seconds
of all steps but the first two. The plain loop runs in float32, and in bfloat16 with the adapter in
float32; the second only where the processor multiplies in bfloat16, as the pipeline does there. Ends with
status 1 when a median ratio is below its bar, or when the loss at the end is another one: the mean over
the last steps may differ by NOISE of itself.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))

from lib import code
from lib.contracts.lora import STEPS
from lib.contracts.task import ITEMS
from lib.models.lm import dtype_of
from lib.run import Budget, order
from lib.seeds import derive

BARS = {"float32": 2.0, "bfloat16": 1.3}
PAIRS = 3
BUDGET = Budget(steps=24, rows=16)
FIRST = 2  # steps in which a process warms up
LAST = 8  # steps whose loss is compared
NOISE = 0.02
THREADS = 2
MODEL = Path("results/model/smollm2-135m-q4_1")
ITEM_TABLE = Path("results/task/arithmetic/train.parquet")
HOW = {"learning_rate": 1e-3, "warmup": 10, "clip": 1.0, "alpha": 32}


def run(*command: object) -> None:
    """Run a program, and show what it says only if it fails."""
    done = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def write_examples(path: Path, budget: Budget) -> None:
    """Write the rows that the pipeline's script will read, in its order, for the plain loop."""
    items = ITEMS.read(ITEM_TABLE).to_dict("records")
    read = [items[index] for step in order(items, 0, budget) for index in step]
    rows = [json.dumps({"prompt": item["prompt"], "target": item["target"]}) for item in read]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def plain(folder: Path, examples: Path, rank: int, budget: Budget, dtype: str) -> list[dict[str, float]]:
    """Loss and seconds of each step of the plain loop."""
    settings = {**HOW, "rank": rank, "steps": budget.steps, "rows": budget.rows, "threads": THREADS}
    options = [part for name, value in settings.items() for part in (f"--{name.replace('_', '-')}", value)]
    seed = derive(0, "initialisation")
    program = Path(__file__).with_name("plain_lora.py")
    run(program, "--model", MODEL, "--dtype", dtype, *options, "--seed", seed, "--output", folder, examples)
    return json.loads((folder / "steps.json").read_text())


def ours(folder: Path, rank: int, budget: Budget) -> list[dict[str, float]]:
    """Loss, seconds and tokens of each step of the pipeline's script."""
    arm = {"block": "lora", "method": "lora", "rank": rank, "targets": "all-linear", "weight_decay": 0.0}
    cell = {"model": MODEL.name, "task": "arithmetic", "arm": f"lora-r{rank}", "seed": 0}
    settings = {"arm": arm | HOW, "budget": vars(budget), "cell": cell}
    options = [part for name, value in settings.items() for part in (f"--{name}", json.dumps(value))]
    files = {"adapter": "adapter", "steps": "steps.parquet", "cost": "cost.parquet"}
    options += [part for name, file in files.items() for part in (f"--{name}", folder / file)]
    run(code.SCRIPTS / "lora_train.py", "--model", MODEL, *options, "--threads", THREADS, ITEM_TABLE)
    return STEPS.read(folder / "steps.parquet").to_dict("records")


def seconds(steps: list[dict[str, float]]) -> float:
    """Wall seconds of all steps but the first ones."""
    return sum(step["seconds"] for step in steps[FIRST:])


def loss(steps: list[dict[str, float]]) -> float:
    """Mean loss of the last steps."""
    return statistics.mean(step["loss"] for step in steps[-LAST:])


def main() -> None:
    """Time in pairs, compare the losses, and print a table."""
    multiplies = str(dtype_of("auto")).removeprefix("torch.")
    loops = {"float32": BARS["float32"], multiplies: BARS[multiplies]}
    if multiplies == "float32":
        print("this processor does not multiply in bfloat16: the plain loop runs in float32 only")
    ratios: dict[str, list[float]] = {dtype: [] for dtype in loops}
    other: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder, examples = Path(name), Path(name) / "rows.jsonl"
        write_examples(examples, BUDGET)
        print(f"tokens a second, ours in {multiplies}, and the loss at the end")
        print("pair  plain loop  its tokens/s  ours tokens/s  ratio  its loss  our loss")
        for pair in range(PAIRS):
            for dtype in loops:
                theirs = plain(folder / dtype, examples, 8, BUDGET, dtype)
                mine = ours(folder / "ours", 8, BUDGET)
                tokens = sum(step["tokens"] for step in mine[FIRST:])
                ratios[dtype].append(seconds(theirs) / seconds(mine))
                ends = loss(theirs), loss(mine)
                if abs(ends[0] - ends[1]) > NOISE * ends[0]:
                    other.append(f"pair {pair + 1}: the loss ends at {ends[0]:.4f}, ours at {ends[1]:.4f}")
                rates = [tokens / seconds(steps) for steps in (theirs, mine)]
                print(
                    f"{pair + 1:4}  {dtype:10}  {rates[0]:12.1f}  {rates[1]:13.1f}  {ratios[dtype][-1]:5.2f}"
                    f"  {ends[0]:8.4f}  {ends[1]:8.4f}",
                    flush=True,
                )
    medians = {dtype: statistics.median(found) for dtype, found in ratios.items()}
    for dtype, bar in loops.items():
        print(f"against the plain loop in {dtype}, bar {bar:g}")
        print(f"ratio: {medians[dtype]:.2f} (median of {PAIRS} pairs)")
    if other:
        sys.exit("\n".join(other))
    sys.exit(int(any(medians[dtype] < bar for dtype, bar in loops.items())))


if __name__ == "__main__":
    main()
