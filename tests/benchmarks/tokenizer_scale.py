"""Whether the Tokenizer Lab bears many languages in time, and much text in memory.

Example:
    python tests/benchmarks/tokenizer_scale.py --work /tmp/scale

READS   results/corpus/{corpus}/{split}/{lang}.parquet and results/tokenizer/{tokenizer}/tokenizer.json of a
        finished run: its documents and ten of its tokenizers
WRITES  the work folder, which needs room for twice the large text, and is left behind

Languages: tokenizer_measure.py on 1,000 documents in each of 200 languages, with ten tokenizers, two at a
time; counted is wall time. There are not 200 languages in the run, so each document of it is used
under one code after the other; the codes are made up. Memory: a text of made-up words, ten million distinct
ones, is measured and trained on (byte-level BPE and Unigram); counted is the largest resident memory of each
step. Ends with status 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))

from lib import code
from lib.contracts.corpus import DOCUMENTS

LANGUAGES, LINES, TOKENIZERS = 200, 1000, 10
SECONDS = 300.0
WORDS = 10_000_000
GIGABYTES = 8.0
SYLLABLES = np.array(
    [a + b for a in "bcdfghjklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "on", "is")]
)
IN_DOCUMENT = 300  # words of a document
AT_ONCE = 20_000  # documents that are made at a time


def run(script: str, *arguments: object) -> float:
    """Run one step of the pipeline; its largest resident memory in GB."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
    environment = {**os.environ, **one}  # as a job of one thread has them
    command = [sys.executable, code.SCRIPTS / f"{script}.py", *map(str, arguments)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{script}: failed")
    return usage.ru_maxrss / 1e6


def measure(folder: Path, tokenizer: Path, reference: str, documents: list[Path]) -> float:
    """Measure one tokenizer as the pipeline does; the largest resident memory in GB."""
    tables = [(f"--{name}", folder / f"{tokenizer.name}-{name}.parquet") for name in ("metrics", "curves")]
    tables += [(f"--{name}", folder / f"{tokenizer.name}-{name}.parquet") for name in ("lorenz", "lengths")]
    return run(
        "tokenizer_measure",
        *("--name", tokenizer.name, "--corpus", "scale", "--reference", reference),
        *("--settings", json.dumps({"family": "bytebpe", "mix": None})),
        *("--tokenizer", tokenizer / "tokenizer.json"),
        *(part for table in tables for part in table),
        *documents,
    )


def languages(work: Path, tokenizers: list[Path], paths: list[Path]) -> float:
    """Wall seconds to measure ten tokenizers in 200 languages."""
    columns = {"domain": "scale", "source": "scale"}
    texts = pd.concat([DOCUMENTS.read(path) for path in paths])["text"].to_numpy()
    if len(texts) < LINES:
        sys.exit(f"{len(texts)} documents are too few")
    files, size = [], 0
    for number in range(LANGUAGES):
        lang = f"q{chr(97 + number // 26)}{chr(97 + number % 26)}_Latn"
        taken = texts[(number * LINES + np.arange(LINES)) % len(texts)]
        names = [str(line) for line in range(LINES)]
        frame = pd.DataFrame({"doc_id": names, "group_id": names, "text": taken, "lang": lang, **columns})
        files.append(work / f"{lang}.parquet")
        DOCUMENTS.write(frame[list(DOCUMENTS.columns)], files[-1])
        size += sum(len(text.encode()) for text in taken)
    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda tokenizer: measure(work, tokenizer, files[0].stem, files), tokenizers))
    seconds = time.perf_counter() - start
    print(f"{LANGUAGES} languages of {LINES} documents, {size / 1e6:.1f} MB, {len(tokenizers)} tokenizers")
    print(f"seconds: {seconds:.0f} (bar {SECONDS:g})", flush=True)
    return seconds


def large_text(work: Path, gigabytes: float) -> Path:
    """A file of documents made of ten million distinct words, of which the first are the frequent ones."""
    rng = np.random.default_rng(0)
    digits = np.stack(np.unravel_index(np.arange(WORDS), (len(SYLLABLES),) * 4), 1)[:, ::-1]
    kept = np.arange(4) <= np.log(np.arange(WORDS) + 1)[:, None] / np.log(len(SYLLABLES))
    parts = [pa.array(SYLLABLES).take(pa.array(digits[:, n], mask=~kept[:, n])) for n in range(4)]
    words = pc.binary_join_element_wise(*(part.fill_null("") for part in parts), "")
    path, written = work / "qaa_Latn.parquet", 0
    with pq.ParquetWriter(path, DOCUMENTS.schema, compression="zstd") as file:
        while written < gigabytes * 1e9:
            # Half of all words are spread evenly over all, so that each occurs; half follow Zipf's law.
            drawn = np.where(
                rng.random(AT_ONCE * IN_DOCUMENT) < 0.5,
                rng.integers(0, WORDS, AT_ONCE * IN_DOCUMENT),
                np.minimum(rng.zipf(1.2, AT_ONCE * IN_DOCUMENT) - 1, WORDS - 1),
            )
            lines = pa.ListArray.from_arrays(
                np.arange(0, len(drawn) + 1, IN_DOCUMENT, dtype=np.int32), words.take(pa.array(drawn))
            )
            text = pc.binary_join(lines, " ")
            names = pa.array([f"{written}-{n}" for n in range(AT_ONCE)])
            same = {"lang": "qaa_Latn", "domain": "scale", "source": "scale"}
            columns = {name: pa.repeat(pa.scalar(value), AT_ONCE) for name, value in same.items()}
            columns |= {"doc_id": names, "group_id": names, "text": text}
            file.write_table(pa.table([columns[name] for name in DOCUMENTS.columns], schema=DOCUMENTS.schema))
            written += pc.sum(pc.binary_length(text)).as_py()
    return path


def memory(work: Path, tokenizer: Path, gigabytes: float) -> float:
    """The largest resident memory, in GB, of measuring and training on a large text."""
    path = large_text(work, gigabytes)
    how = {"temperature": 1, "max_bytes": 60_000_000, "mix": "all"}
    trained = ["--tokenizer", work / "trained" / "tokenizer.json", "--training", work / "training.parquet"]
    unigram = json.dumps({"family": "unigram", "size": 32_000, **how})
    peaks = {
        "tokenizer_measure": measure(work, tokenizer, "qaa_Latn", [path]),
        "tokenizer_merges": run(
            "tokenizer_merges",
            *("--settings", json.dumps(how), "--size", 65_536),
            *("--merges", work / "merges.parquet", "--mixed", work / "mixed.parquet", path),
        ),
        "tokenizer_train": run("tokenizer_train", "--name", "t", "--settings", unigram, *trained, path),
    }
    print(f"{gigabytes:g} GB, {WORDS:,} distinct words: largest resident memory in GB")
    for step, peak in peaks.items():
        print(f"{step:<18} {peak:.2f}")
    print(f"gigabytes: {max(peaks.values()):.2f} (bar {GIGABYTES:g})")
    return max(peaks.values())


def main() -> None:
    """Both parts, one after the other."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--results", type=Path, default=Path("results"), help="results of a finished run")
    options.add_argument("--work", type=Path, required=True, help="folder for what is made")
    options.add_argument("--gigabytes", type=float, default=2.0, help="size of the large text")
    chosen = options.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    found = sorted(path.parent for path in chosen.results.glob("tokenizer/*/training.parquet"))[:TOKENIZERS]
    paths = sorted(chosen.results.glob("corpus/catalogs/train/*.parquet"))
    if len(found) < TOKENIZERS or not paths:
        sys.exit(f"{chosen.results}: has not ten trained tokenizers and the corpus catalogs; run the default")
    missed = languages(chosen.work, found, paths) > SECONDS
    missed |= memory(chosen.work, found[0], chosen.gigabytes) > GIGABYTES
    sys.exit(int(missed))


if __name__ == "__main__":
    main()
