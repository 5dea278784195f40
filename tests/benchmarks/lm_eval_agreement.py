"""Do our scores and those of lm-evaluation-harness agree, item by item, for the default's adapter?

Example:
    python tests/benchmarks/lm_eval_agreement.py        # where snakemake would run

READS   results/ of the default run; what is not there is made first, with Snakemake

Both judges get the same items, model and adapter, and decode, extract and compare by themselves. Arithmetic
is answered in writing, and chosen from four numbers, the likeliest as a whole and per byte. The model is in
float32: in bfloat16 the likeliest token may depend on which rows share a batch. Ends with status 1 unless the
judges agree on every item.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from commands import done

MODEL, ARM, SEED = "smollm2-135m-q4_1", "lora-r16", 0
FOLDER = Path("results/model") / MODEL
ADAPTER = Path("results/lora") / MODEL / "arithmetic" / ARM / f"seed-{SEED}" / "adapter"
WRITTEN, CHOSEN = (Path(f"results/task/{task}/test.parquet") for task in ("arithmetic", "arithmetic-choices"))
DECODING = {"how": "top-k", "branches": 1, "max_new_tokens": 48, "stop": ["\nQ:", "\n\n"], "rows": 32}
LM = {"model": FOLDER, "adapter": ADAPTER, "dtype": "float32", "threads": 2}
CELL = {"model": MODEL, "task": "arithmetic", "arm": ARM, "seed": SEED}


def theirs(items: Path, samples: Path) -> pd.DataFrame:
    """What lm-eval says: its metrics in columns, by item."""
    suite = {"suite": f"tok2cot-{items.parent.name}", "items": items, "generation": DECODING, "rows": 32}
    done("evaluation_harness", **LM, **suite, cell=CELL, samples=samples)
    found = pd.read_parquet(samples)
    found["item_id"] = [json.loads(doc)["item_id"] for doc in found["doc"]]
    return found.pivot(index="item_id", columns="metric", values="value")


def written(folder: Path) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Of answers in words, which items are right by both judges."""
    branches, answers = folder / "branches.parquet", folder / "answers.parquet"
    cell = {**CELL, "split": "test", "decoding": "greedy"}
    done("evaluation_predict", **LM, decoding=DECODING, cell=cell, items=WRITTEN, branches=branches)
    tokenizer = FOLDER / "tokenizer.json"
    done("evaluation_answer", branches=branches, items=WRITTEN, tokenizer=tokenizer, answers=answers)
    ours = pd.read_parquet(answers).set_index("item_id")["correct"]
    return {"last number": (ours, theirs(WRITTEN, folder / "written.parquet")["exact_match"])}


def chosen(folder: Path) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Of choices, which items are right by both judges."""
    likelihoods, answers = folder / "likelihoods.parquet", folder / "choices.parquet"
    done("evaluation_weigh", **LM, cell={**CELL, "split": "test"}, items=CHOSEN, likelihoods=likelihoods)
    done("evaluation_choose", likelihoods=likelihoods, items=CHOSEN, answers=answers)
    table, other = pd.read_parquet(answers), theirs(CHOSEN, folder / "chosen.parquet")
    best = table.loc[table.groupby("item_id")["log_likelihood_per_byte"].idxmax()]
    return {
        "likeliest choice": (table[table["branch"] == 0].set_index("item_id")["correct"], other["acc"]),
        "likeliest per byte": (best.set_index("item_id")["correct"], other["acc_bytes"]),
    }


def main() -> None:
    """Print how many items the judges agree on."""
    wanted = [FOLDER / "files.parquet", ADAPTER / "adapter_model.safetensors", WRITTEN, CHOSEN]
    subprocess.run([sys.executable, "-m", "snakemake", "--cores", "2", *map(str, wanted)], check=True)
    with tempfile.TemporaryDirectory() as folder:
        judged = written(Path(folder)) | chosen(Path(folder))
    agreed = True
    print(f"{'answer':20} {'items':>6} {'ours':>6} {'lm-eval':>8} {'agree':>6}")
    for name, (ours, other) in judged.items():
        other = other.reindex(ours.index)
        same = (ours.astype(float) == other).sum()
        print(f"{name:20} {len(ours):6} {ours.sum():6} {other.sum():8.0f} {same:6}")
        agreed &= same == len(ours)
    print(f"agree on every item: {'yes' if agreed else 'no'} (bar: yes)")
    sys.exit(int(not agreed))


if __name__ == "__main__":
    main()
