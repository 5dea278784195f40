"""How much faster a metric pass is than that of other tools, on identical text.

Example:
    python tests/benchmarks/tokenizer_metrics.py

READS   LibreOffice's help in 15 languages (help_texts.py), or a folder with one table of documents a language
WRITES  an environment with the pinned tools, in the user's cache folder; nothing else

A pass is to encode the text of all languages and to find every metric of it: here all of
tokenizer_measure.py but the bootstrap, with words by ICU; there what the tool's own report has. The
tokenizer is a byte-level BPE of 16,000 pieces, learnt on the same text. Each pair is one pass of ours and
one of theirs, each in a process of its own with one thread; counted is CPU time without imports and
loading. What recurs is measured once, so that a pass is the faster the more text there is. Ends with
status 1 when a ratio's median is below the bar.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import help_texts
from peers import environment

ROOT = Path(__file__).resolve().parent.parent.parent
BAR = 15.0
PAIRS = 3
SIZE = 16_000
DOCUMENTS = 15_000  # of each language
PINS = [
    "glotscope==0.1.0",
    "toklens==0.1.2",
    "tokscope==0.2.0",
    "pyicu-wheels==2.15.2",
    "transformers==5.23.0",
]
REFERENCE = "eng_Latn"
Texts = dict[str, list[str]]


def ours(tokenizer: str, texts: Texts) -> Callable[[], object]:
    """All of a corpus but the bootstrap."""
    sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from tokenizer_measure import measure_language
    from tokenizers import Tokenizer

    from lib.tokenizer import fairness, words, zipf
    from lib.tokenizer.engines import Encoder

    encoder = Encoder(Tokenizer.from_file(tokenizer))
    tables = {}
    for lang, said in texts.items():
        names = [str(number) for number in range(len(said))]
        columns = {"lang": [lang] * len(said), "doc_id": names, "group_id": names, "text": said}
        tables[lang] = [pa.record_batch(columns)]
    icu = words.icu()

    def run() -> object:
        found = {lang: measure_language(encoder, table, [icu]) for lang, table in tables.items()}
        said = fairness.said(pd.concat([measured.lengths for measured in found.values()], ignore_index=True))
        against = [fairness.premium(said, lang, REFERENCE) for lang in found]
        shared = fairness.parallel(said)
        total = np.sum([measured.counts for measured in found.values()], axis=0)
        fits = [zipf.fit(counts) for counts in [*(measured.counts for measured in found.values()), total]]
        return found, against, fairness.gini(shared.sum(0)), fits

    return run


def glotscope(tokenizer: str, texts: Texts) -> Callable[[], object]:
    """Its analysis with words by ICU, and Renyi efficiency; parity and Gini are left out, to its favour."""
    import glotscope

    coder = glotscope.Tokenizer.from_file(tokenizer)
    corpus = glotscope.Corpus.fineweb2(list(texts), version="texts")
    loaded = glotscope.LoadedCorpus(corpus, {lang: tuple(said) for lang, said in texts.items()})

    def run() -> object:
        report = coder.analyze(loaded, segmenter=glotscope.Segmenter.ICU)
        return report, report.renyi_efficiency(alpha=2.5)

    return run


def toklens(tokenizer: str, texts: Texts) -> Callable[[], object]:
    """Its metrics of each language joined, as its evaluation of a corpus has them."""
    from tokenizers import Tokenizer
    from toklens import Analyzer

    analyzer = Analyzer(Tokenizer.from_file(tokenizer))
    joined = {lang: " ".join(said) for lang, said in texts.items()}
    return lambda: [analyzer.evaluate_text(text, joined[REFERENCE]) for text in joined.values()]


def tokscope(tokenizer: str, texts: Texts) -> Callable[[], object]:
    """Its report of each language joined, against the reference."""
    import tokscope as peer

    adapter = peer.load(f"hf:{Path(tokenizer).parent}")
    joined = {lang: "\n".join(said) for lang, said in texts.items()}
    return lambda: [peer.analyze(text, adapter, joined[REFERENCE]) for text in joined.values()]


PASSES = {"ours": ours, "glotscope": glotscope, "toklens": toklens, "tokscope": tokscope}


def timed(name: str, tokenizer: str, file: str) -> None:
    """Print the CPU seconds of one pass, in the process of its own that this is."""
    texts = json.loads(Path(file).read_text(encoding="utf-8"))
    run = PASSES[name](tokenizer, texts)
    start = time.process_time()
    run()
    print(time.process_time() - start)


def main() -> None:
    """Print a table by tool, then a line with the ratio for each."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--corpus", type=Path, help="folder of one table a language")
    options.add_argument("--documents", type=int, default=DOCUMENTS, help="most documents of a language")
    options.add_argument("--pairs", type=int, default=PAIRS)
    options.add_argument("--timed", nargs=3, metavar=("TOOL", "TOKENIZER", "TEXTS"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.timed:
        return timed(*chosen.timed)

    import pandas as pd

    sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
    from lib.tokenizer import trainers

    paths = sorted(chosen.corpus.glob("*.parquet")) if chosen.corpus else help_texts.files()
    texts = {path.stem: pd.read_parquet(path)["text"].tolist()[: chosen.documents] for path in paths}
    megabytes = sum(len(text.encode()) for said in texts.values() for text in said) / 1e6
    pythons = dict.fromkeys(PASSES, str(environment("tokenizer_metrics", PINS))) | {"ours": sys.executable}
    threads = dict.fromkeys(("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    alone = {**os.environ, **threads, "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.json"
        file.write_text(json.dumps(texts), encoding="utf-8")
        trainers.save(
            trainers.bytebpe([text for said in texts.values() for text in said], SIZE), Path(folder)
        )
        tokenizer = Path(folder) / "tokenizer.json"

        def seconds(name: str) -> float:
            command = [pythons[name], __file__, "--timed", name, str(tokenizer), str(file)]
            done = subprocess.run(command, env=alone, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{name}: {done.stderr}")
            return float(done.stdout.split()[-1])

        peers = [name for name in PASSES if name != "ours"]
        pairs = {name: [(seconds("ours"), seconds(name)) for _ in range(chosen.pairs)] for name in peers}

    print(f"{megabytes:.2f} MB of {len(texts)} languages, {SIZE} pieces")
    print(f"{'tool':<10} {'ours, MB/s':>12} {'theirs, MB/s':>13}   (medians, of CPU time)")
    for name, timings in pairs.items():
        mine, theirs = (megabytes / statistics.median(column) for column in zip(*timings, strict=True))
        print(f"{name:<10} {mine:>12.2f} {theirs:>13.2f}")
    ratios = {name: statistics.median(theirs / mine for mine, theirs in pairs[name]) for name in peers}
    for name, ratio in ratios.items():
        print(f"{name} ratio: {ratio:.1f} (median of {chosen.pairs} pairs)")
    sys.exit(int(min(ratios.values()) < BAR))


if __name__ == "__main__":
    main()
