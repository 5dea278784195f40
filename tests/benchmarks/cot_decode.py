"""How much faster CoT-decoding is than by other code, on identical branches: optillm, and plain `generate`.

Example:
    python tests/benchmarks/cot_decode.py --pairs 1 --problems 4    # after `snakemake --cores 8 models`

READS   results/model/smollm2-135m-q4_1/, and its adapter of the arithmetic task, lora-r16 with seed 0, where
        it is there; config/config.yaml
WRITES  optillm's code and, where there is none, a trained adapter, in the user's cache folder; nothing else

Ten branches of each of 64 problems, at most 64 tokens, in float32 with one thread, of one merged model (with
fewer problems the bars need not hold: rows run empty at the end):

    optillm      its `cot_decode`, loaded by path, with sampling off: one `generate` a branch
    as shipped   the same where the model's generation settings sample, as those of many chat models do
    sequential   one `generate` a branch, and our scorer
    batched      `generate` of 60 branches together with `output_logits`, and our scorer
    ours         evaluation_predict's engine, with as many rows as the default config

Each arm runs in a process of its own; counted is CPU time without imports and loading, and the memory beyond
the loaded model. The tokens must be those of sequential decoding. Margins must be within 1e-5 of its margins
at 99 of 100 positions, and nowhere further than 5e-5 from them: float32 logits of this model, as large as 44,
are up to 8e-5 from those of float64, by another amount in another order of sums, and so are margins by up to
2e-5, those of sequential decoding as well as ours, at one position in a thousand by more than 1e-5. (In
float32 a softmax would add 3e-5: over 49,152 tokens its sum is that far from 1.) Ends with status 1 where
they are not, where ours takes more memory than its bound, or when the median of a ratio is below its bar.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from peers import cache, unpacked

if TYPE_CHECKING:
    import pandas as pd

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = ROOT / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

MODEL, TASK, ARM = "smollm2-135m-q4_1", "arithmetic", "lora-r16"
OPTILLM = "optillm==0.4.0"
PROBLEMS, BRANCHES, TOKENS, TOGETHER = 64, 10, 64, 6
BARS = {"optillm": 8.0, "batched": 2.5}
PAIRS = 3
NEAR, SHARE, FAR = 1e-5, 0.99, 5e-5  # margins: how near so many of them are, and all
FILTER = ("empty", "length", "question")
Found = list[dict[str, Any]]


def optillm(model: Any, tokenizer: Any, prompts: list[Any], decoding: Any) -> Found:
    """Its paths of each problem with their confidence, and the answer that it aggregates."""
    path = unpacked("cot_decode", OPTILLM) / "optillm" / "cot_decoding.py"
    spec = importlib.util.spec_from_file_location("cot_decoding", path)
    peer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peer)
    paths: list[list[tuple[str, float]]] = []
    aggregate = peer.aggregate_paths_based_on_scores
    peer.aggregate_paths_based_on_scores = lambda found: (paths.append(found), aggregate(found))[1]
    tokenizer.chat_template = "{{ messages[0]['content'] }}"  # the prompt as it is, as for the others
    found = []
    for prompt in prompts:
        answer, _ = peer.cot_decode(
            model,
            tokenizer,
            [{"role": "user", "content": tokenizer.decode(prompt.ids)}],
            k=decoding.branches,
            max_new_tokens=decoding.max_new_tokens - 1,  # beside the first token
            aggregate_paths=True,
        )
        found.append({"item_id": prompt.item, "paths": paths[-1], "answer": answer})
    return found


def as_shipped(model: Any, tokenizer: Any, prompts: list[Any], decoding: Any) -> Found:
    """As :func:`optillm`, with a model that samples unless it is told not to."""
    import torch

    torch.manual_seed(0)
    model.generation_config.do_sample = True
    return optillm(model, tokenizer, prompts, decoding)


def sequential(model: Any, tokenizer: Any, prompts: list[Any], decoding: Any) -> Found:
    """Branch by branch, each prompt read again for each."""
    return [row for prompt in prompts for row in _generated(model, tokenizer, [prompt], decoding, together=1)]


def batched(model: Any, tokenizer: Any, prompts: list[Any], decoding: Any) -> Found:
    """The branches of several prompts together, to the end of the longest."""
    groups = [prompts[start : start + TOGETHER] for start in range(0, len(prompts), TOGETHER)]
    return [
        row
        for group in groups
        for row in _generated(model, tokenizer, group, decoding, together=TOGETHER * decoding.branches)
    ]


def _generated(model: Any, tokenizer: Any, prompts: list[Any], decoding: Any, together: int) -> Found:
    """The branches of some prompts by transformers' own `generate`, with margins from all logits."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    from lib.decoding.branching import Branch, Ending
    from lib.models.lm import end_ids

    def padded(sequences: list[list[int]]) -> dict[str, torch.Tensor]:
        def side(values: list[list[int]]) -> torch.Tensor:
            return pad_sequence(list(map(torch.tensor, values)), batch_first=True, padding_side="left")

        return {"input_ids": side(sequences), "attention_mask": side([[1] * len(ids) for ids in sequences])}

    def margins(logits: torch.Tensor) -> torch.Tensor:
        # Not softmax: its float32 sum over 49,152 tokens is 3e-5 off on a CPU, far more than the logits are.
        best = (logits.topk(2, -1).values - logits.logsumexp(-1, keepdim=True)).exp()
        return best[..., 0] - best[..., 1]

    ends = end_ids(model.generation_config, tokenizer)
    ending = Ending(tokenizer, ends, decoding)
    with torch.no_grad():
        first = model(**padded([prompt.ids for prompt in prompts]), logits_to_keep=1).logits[:, -1]
    best = first.topk(decoding.branches, -1).indices.tolist()
    starts = [[*prompt.ids, token] for prompt, tokens in zip(prompts, best, strict=True) for token in tokens]
    shared = margins(first).repeat_interleave(decoding.branches).tolist()
    found = []
    for begin in range(0, len(starts), together):
        inputs = padded(starts[begin : begin + together])
        written = model.generate(
            **inputs,
            max_new_tokens=decoding.max_new_tokens - 1,
            do_sample=False,
            eos_token_id=sorted(ends),
            pad_token_id=tokenizer.eos_token_id,
            output_logits=True,
            return_dict_in_generate=True,
        )
        told = margins(torch.stack(written.logits, 1)).tolist()
        tokens = written.sequences[:, inputs["input_ids"].shape[1] - 1 :].tolist()
        for place, (ids, later) in enumerate(zip(tokens, told, strict=True), begin):
            branch = Branch(place // decoding.branches, place % decoding.branches)
            steps = zip(ids, [shared[place], *later], strict=True)
            all(ending.add(branch, token, margin, None) for token, margin in steps)
            found.append(_row(prompts, branch))
    return found


def ours(model: Any, tokenizer: Any, prompts: list[Any], decoding: Any) -> Found:
    """The engine of this project."""
    from lib.decoding.branching import batches, decode

    found = []
    for chosen in batches(prompts, decoding):
        batch = [prompts[index] for index in chosen]
        found += [_row(batch, branch) for branch in decode(model, tokenizer, batch, decoding)]
    return found


def _row(prompts: list[Any], branch: Any) -> dict[str, Any]:
    return {**vars(branch), "token_contrasts": None, "item_id": prompts[branch.prompt].item}


ARMS: dict[str, Callable[..., Found]] = {
    "optillm": optillm,
    "as shipped": as_shipped,
    "sequential": sequential,
    "batched": batched,
    "ours": ours,
}


def _memory(key: str) -> int:
    """Bytes of this process, as the kernel counts them: VmRSS now, VmHWM at most since it was reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def timed(arm: str, folder: Path) -> None:
    """Decode by one arm, in the process of its own that this is, and write down what it found and took."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from lib.contracts.task import ITEMS
    from lib.decoding.branching import Decoding, Prompt
    from lib.models import lm

    if arm == "ours":
        model, tokenizer = lm.load(folder / "model", None, "float32", 1)
    else:
        torch.set_num_threads(1)
        model = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32).eval()
        tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    items = ITEMS.read(folder / "items.parquet")
    ids = lm.prompt_ids(tokenizer, items["prompt"])
    prompts = [Prompt(*prompt) for prompt in zip(items["item_id"], ids, strict=True)]
    decoding = Decoding.of(json.loads((folder / "decoding.json").read_text()))
    counts = {"prefilled": 0, "generated": 0}

    def count(module: Any, args: tuple[Any, ...], settings: dict[str, Any]) -> None:
        rows, width = (args[0] if args else settings["input_ids"]).shape
        counts["generated" if width == 1 else "prefilled"] += rows * width

    model.register_forward_pre_hook(count, with_kwargs=True)
    sum(weight.sum() for weight in model.parameters())  # so that all of the model is in memory
    Path("/proc/self/clear_refs").write_text("5")  # proc(5): the peak starts anew
    loaded, cpu, wall = _memory("VmRSS"), time.process_time(), time.perf_counter()
    found = ARMS[arm](model, tokenizer, prompts, decoding)
    taken = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    taken |= {"memory": _memory("VmHWM") - loaded, **counts}
    (folder / "found.json").write_text(json.dumps({**taken, "found": found}))


def adapter(config: dict[str, Any]) -> Path:
    """The default's adapter of the task: that of the pipeline, or one that is trained here once."""
    from lib import grid

    made = ROOT / "results" / "lora" / MODEL / TASK / ARM / "seed-0" / "adapter"
    folder = cache("cot_decode") / "lora"
    for place in (made, folder / "adapter"):
        if (place / "adapter_model.safetensors").is_file():
            return place
    print("training the adapter")
    task = config["tasks"][TASK]
    _items("train", task["items"]["train"], config, folder / "train.parquet")
    cell = {"model": MODEL, "task": TASK, "arm": ARM, "seed": 0}
    _step(
        "lora_train",
        folder / "train.parquet",
        model=ROOT / "results" / "model" / MODEL,
        arm=json.dumps(grid.arms(config)[ARM]),
        budget=json.dumps(task["training"]),
        cell=json.dumps(cell),
        adapter=folder / "adapter",
        steps=folder / "steps.parquet",
        cost=folder / "cost.parquet",
        dtype="float32",
    )
    return folder / "adapter"


def _items(split: str, size: int, config: dict[str, Any], path: Path) -> None:
    task = json.dumps(config["tasks"][TASK])
    _step("task_build", task=task, split=split, size=size, seed=config["seed"], items=path)


def _step(script: str, *inputs: Path, **options: Any) -> None:
    """Run a script of the pipeline."""
    given = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    subprocess.run([sys.executable, SCRIPTS / f"{script}.py", *given, *inputs], check=True)


def accuracies(found: Found, items: pd.DataFrame, tokenizer: Any) -> dict[str, float]:
    """Share of right answers by maximum, aggregate and vote, of each arm by its own scores."""
    from lib.decoding.answers import answer
    from lib.decoding.selection import SELECTIONS

    right = dict.fromkeys(("max", "aggregate", "vote"), 0)
    for item in items.itertuples():
        rows = [row for row in found if row["item_id"] == item.item_id]
        if "paths" in rows[0]:
            chosen = _chosen_by_optillm(rows[0])
            correct = {name: chosen[name] == item.answer for name in right}
        else:
            branches = (SimpleNamespace(**row, asked_completion=None) for row in rows)
            judged = [
                SimpleNamespace(**answer(branch, item, tokenizer.decode, FILTER)) for branch in branches
            ]
            selected = {name: SELECTIONS[name](judged) for name in right}
            correct = {name: bool(one and one.correct) for name, one in selected.items()}
        right = {name: count + correct[name] for name, count in right.items()}
    return {name: count / len(items) for name, count in right.items()}


def _chosen_by_optillm(problem: dict[str, Any]) -> dict[str, str | None]:
    """The last number of the path that it is surest of, of the text that it aggregates, and of most paths."""
    from lib.decoding.verifiers import last_number, number

    def told(text: str) -> str | None:
        span = last_number(text)
        return span and number(text[span.start : span.end])

    votes = [answer for text, _ in problem["paths"] if (answer := told(text))]
    return {
        "max": told(max(problem["paths"], key=lambda path: path[1])[0]),
        "aggregate": told(problem["answer"]),
        "vote": max(votes, key=votes.count, default=None),
    }


def disagreements(runs: dict[str, list[dict[str, Any]]], stops: list[str]) -> Iterator[str]:
    """Where arms that must find the same branches do not; how far they agree is printed."""
    ours = {(row["item_id"], row["branch"]): row for row in runs["ours"][0]["found"]}
    for arm in ("sequential", "batched"):
        theirs = {(row["item_id"], row["branch"]): row for row in runs[arm][0]["found"]}
        different = sum(theirs[key]["token_ids"] != row["token_ids"] for key, row in ours.items())
        pairs = ((theirs[key]["token_margins"], row["token_margins"]) for key, row in ours.items())
        apart = [abs(a - b) for pair in pairs for a, b in zip(*pair, strict=False)]
        near = sum(margin <= NEAR for margin in apart) / len(apart)
        print(
            f"{arm}: {different} of {len(ours)} branches differ from ours, "
            f"margins by {max(apart):.1e} at most, {near:.1%} of them by no more than {NEAR:g}"
        )
        if different or near < SHARE or max(apart) > FAR:
            yield f"{arm} and ours differ"
    different = compared = 0
    for problem in runs["optillm"][0]["found"]:
        for rank, (text, _) in enumerate(problem["paths"]):
            branch = ours[problem["item_id"], rank]
            if len(branch["token_ids"]) > 1:  # else it began with the end of text, where optillm goes on
                cut = min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))
                compared += 1
                different += text[:cut] != branch["completion"]
    print(f"optillm: {different} of {compared} texts differ from ours")
    if different:
        yield "optillm and ours differ"


def bound(model: Path, items: pd.DataFrame, decoding: dict[str, Any]) -> float:
    """Bytes beside the model that ours may take: for the cache, the logits of a step, and the rest."""
    from transformers import AutoConfig, AutoTokenizer

    config, tokenizer = AutoConfig.from_pretrained(model), AutoTokenizer.from_pretrained(model)
    longest = max(map(len, tokenizer(items["prompt"].tolist())["input_ids"])) + decoding["max_new_tokens"]
    per_token = 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * 4
    cached = decoding["rows"] * longest * per_token
    return 1.3 * cached + decoding["rows"] * config.vocab_size * 8 + 150e6


def main() -> None:
    """Run the arms in turns, print a table by arm, what agrees, and a line with the ratio to each."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--pairs", type=int, default=PAIRS)
    options.add_argument("--problems", type=int, default=PROBLEMS)
    options.add_argument("--timed", nargs=2, metavar=("ARM", "FOLDER"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.timed:
        return timed(chosen.timed[0], Path(chosen.timed[1]))

    import yaml

    from lib.contracts.task import ITEMS
    from lib.models import lm

    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    unpacked("cot_decode", OPTILLM)
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _items("test", chosen.problems, config, folder / "items.parquet")
        model, tokenizer = lm.load(ROOT / "results" / "model" / MODEL, adapter(config), "float32", 1)
        model.save_pretrained(folder / "model")
        tokenizer.save_pretrained(folder / "model")
        del model
        stop, rows = config["tasks"][TASK]["stop"], config["evaluation"]["rows"]
        decoding = {
            "how": "top-k",
            "branches": BRANCHES,
            "max_new_tokens": TOKENS,
            "stop": stop,
            "rows": rows,
        }
        (folder / "decoding.json").write_text(json.dumps(decoding))

        def run(arm: str) -> dict[str, Any]:
            command = [sys.executable, __file__, "--timed", arm, str(folder)]
            done = subprocess.run(command, env=alone, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{arm}: {done.stderr}")
            found = json.loads((folder / "found.json").read_text())
            print(f"{arm}: {found['cpu']:.0f} s", file=sys.stderr, flush=True)
            return found

        runs: dict[str, list[dict[str, Any]]] = {arm: [] for arm in ARMS}
        for pair in range(chosen.pairs):
            for arm in ["ours", *BARS] if pair else ARMS:
                runs[arm].append(run(arm))
        items = ITEMS.read(folder / "items.parquet")
        most = bound(folder / "model", items, decoding)

    print(f"{chosen.problems} problems, k = {BRANCHES}, at most {TOKENS} tokens, float32, one thread")
    print(
        f"{'':<11}{'CPU s':>8}{'wall s':>8}{'read':>8}{'written':>9}{'MB':>7}{'max':>7}{'agg':>7}{'vote':>7}"
    )
    for arm, found in runs.items():
        cpu, wall = (statistics.median(one[key] for one in found) for key in ("cpu", "wall"))
        first, shares = found[0], accuracies(found[0]["found"], items, tokenizer).values()
        print(
            f"{arm:<11}{cpu:>8.0f}{wall:>8.0f}{first['prefilled']:>8}{first['generated']:>9}"
            f"{first['memory'] / 1e6:>7.0f}" + "".join(f"{share:>7.3f}" for share in shares)
        )
    problems = list(disagreements(runs, stop))
    memory = max(one["memory"] for one in runs["ours"])
    print(f"memory beyond the model: {memory / 1e6:.0f} MB (bound {most / 1e6:.0f} MB)")
    problems += [f"{memory / 1e6:.0f} MB are more than the bound"] if memory > most else []
    for arm, bar in BARS.items():
        pairs = zip(runs[arm], runs["ours"], strict=True)
        ratio = statistics.median(theirs["cpu"] / mine["cpu"] for theirs, mine in pairs)
        print(f"{arm} ratio: {ratio:.1f} (median of {chosen.pairs} pairs; bar {bar:g})")
        problems += [f"{arm}: {ratio:.1f} is below the bar"] if ratio < bar else []
    sys.exit("; ".join(problems) or 0)


if __name__ == "__main__":
    main()
