"""What a grid of byte-level vocabularies costs beside the largest alone, and whether it is the same.

Example:
    python tests/benchmarks/tokenizer_train.py

READS   LibreOffice's help in 15 languages (help_texts.py), or the tables of documents that are named, like
        results/corpus/*/train/*.parquet

The steps run as in the pipeline, each in a process of its own: merges are learnt once, and a tokenizer is
cut for each size; alone, merges are learnt for that size only. A pair is the CPU seconds of all these
processes for three sizes, and for the largest alone. The merges of each tokenizer are compared with those
that `tokenizers` learns for its size on the same text. On little text the starting of processes tells.
Ends with status 1 when a merge differs, or when the median ratio is above the bar.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import help_texts

os.environ["RAYON_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))

from lib import code
from lib.tokenizer import mixed_text, trainers

BAR = 1.3
PAIRS = 3
SIZES = (8_000, 16_000, 32_000)
LEARNT = 65_536  # the size that the pipeline learns the merges of such a grid for
HOW = {"temperature": 1, "max_bytes": 60_000_000}


def run(script: str, *arguments: object) -> None:
    """Run one step of the pipeline."""
    subprocess.run([sys.executable, code.SCRIPTS / f"{script}.py", *map(str, arguments)], check=True)


def cpu() -> float:
    """CPU seconds of all finished child processes."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def grid(folder: Path, sizes: tuple[int, ...], learnt_size: int, paths: list[Path]) -> float:
    """Train tokenizers of some sizes, and give the CPU seconds it took."""
    start = cpu()
    learnt = ["--merges", folder / "merges.parquet", "--mixed", folder / "mixed.parquet"]
    run("tokenizer_merges", "--settings", json.dumps(HOW), "--size", learnt_size, *learnt, *paths)
    for size in sizes:
        settings = json.dumps({"family": "bytebpe", "size": size, "mix": "all", **HOW})
        files = [
            "--tokenizer",
            folder / str(size) / "tokenizer.json",
            "--training",
            folder / f"{size}.parquet",
        ]
        run("tokenizer_train", "--name", "tok", "--settings", settings, *learnt, *files, *paths)
    return cpu() - start


def alone(paths: list[Path], size: int) -> list:
    """The merges that `tokenizers` learns for this size, in a training of its own."""
    text = mixed_text.mix(paths, HOW, 0)
    return [list(pair) for pair in trainers.byte_merges(text, size)]


def main(paths: list[Path]) -> None:
    """Time in pairs, compare with trainings of one size each, and print a table."""
    paths = paths or help_texts.files()
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("pair  largest alone s  grid s  ratio")
        for pair in range(PAIRS):
            one, three = grid(folder, SIZES[-1:], SIZES[-1], paths), grid(folder, SIZES, LEARNT, paths)
            ratios.append(three / one)
            print(f"{pair + 1:4} {one:16.1f} {three:7.1f} {ratios[-1]:6.2f}", flush=True)
        for size in SIZES:
            trained = json.loads((folder / str(size) / "tokenizer.json").read_text(encoding="utf-8"))
            if trained["model"]["merges"] != alone(paths, size):
                sys.exit(f"the merges of {size} differ from those of a training of its own")
    print(f"sizes: {SIZES}; all merges are those of trainings alone; bar {BAR:g}")
    ratio = statistics.median(ratios)
    print(f"ratio: {ratio:.2f} (median of {PAIRS} pairs)")
    sys.exit(int(ratio > BAR))


if __name__ == "__main__":
    main([Path(path) for path in sys.argv[1:]])
