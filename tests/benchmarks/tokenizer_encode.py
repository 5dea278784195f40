"""How much faster texts are encoded than by the reference: our own byte-level BPE, on unique lines.

Example:
    python tests/benchmarks/tokenizer_encode.py

READS   LibreOffice's help in 15 languages (help_texts.py), or the tables of documents that are named, like
        results/corpus/*/train/*.parquet

A tokenizer is trained on the text; then, in turns, `tokenizers.encode_batch` and the encoder of this
project (with its check on a sample, and the cuts between tokens) encode the same lines, in one thread.
Pairs are CPU seconds; each of ours is a new encoder, whose engine remembers nothing. Ends with status 1
when an id differs, or when the median ratio is below the bar.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import help_texts
import numpy as np

os.environ["RAYON_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))

from lib.contracts.corpus import DOCUMENTS
from lib.tokenizer import trainers
from lib.tokenizer.engines import Encoder

BAR = 8.0
PAIRS = 5
SIZE = 32_000


def lines(paths: list[Path]) -> Iterator[str]:
    """Every line of the documents that is not empty."""
    for path in paths:
        for batch in DOCUMENTS.batches(path, "text"):
            for text in batch["text"].to_pylist():
                yield from filter(None, text.split("\n"))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of some work, and what it gave."""
    gc.collect()
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def main(paths: list[Path]) -> None:
    """Train, check that the ids are the same, time in pairs, and print a table."""
    texts = list(dict.fromkeys(lines(paths or help_texts.files())))
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    tokenizer = trainers.bytebpe(texts, SIZE)
    print(f"{len(texts)} unique lines, {megabytes:.1f} MB, {SIZE} pieces")
    print("pair  tokenizers MB/s  ours MB/s  ratio")
    ratios = []
    for pair in range(PAIRS):
        slow, encodings = timed(lambda: tokenizer.encode_batch(texts, add_special_tokens=False))
        counts = np.array([len(encoding) for encoding in encodings])
        expected = np.concatenate([encoding.ids for encoding in encodings])
        del encodings
        encoder = Encoder(tokenizer)
        fast, found = timed(lambda encoder=encoder: encoder.encode(texts))
        if not (np.array_equal(found.ids, expected) and np.array_equal(found.counts, counts)):
            sys.exit(f"the ids differ; engines: {dict(encoder.texts)}")
        ratios.append(slow / fast)
        print(f"{pair + 1:4} {megabytes / slow:16.1f} {megabytes / fast:10.1f} {ratios[-1]:6.1f}")
    print(f"engines: {dict(encoder.texts)}; all ids are the same; bar {BAR:g}")
    ratio = statistics.median(ratios)
    print(f"ratio: {ratio:.1f} (median of {PAIRS} pairs)")
    sys.exit(int(ratio < BAR))


if __name__ == "__main__":
    main([Path(path) for path in sys.argv[1:]])
