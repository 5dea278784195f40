"""Whether the metrics of tokenizers are those of other tools, where these mean the same, to nine digits.

Example:
    python tests/benchmarks/tokenizer_agreement.py

READS   results/corpus/catalogs/test/*.parquet of six languages, and tokenizers of the default run (two that
        were trained and a published one), which are made if they are not there
WRITES  an environment with the pinned tools, in the user's cache folder; nothing else

Ours are the tables that tokenizer_measure.py, tokenizer_compare.py and tokenizer_inspect.py write; theirs
come from another process, out of the tools' own functions and from the same texts. These are the messages
that all the languages have, in three shapes, for the tools differ in what they take: one by one
(messages), joined to one text (joined), and as a list of the distinct words (words). Where a tool splits at
white space, ours are given these words too. A fourth tokenizer, a WordPiece that never read German, is
there for its unknown tokens.

Not compared, because it means something else elsewhere:
- fertility in running text: there with the token of the space before a word, here without; on a list of
  words alone they are the same.
- byte_token_rate of SentencePiece: tokscope counts pieces like <0x0A>, which hold a whole character.
- unk_rate: tokscope's is over tokens, ours over characters, like glotscope's.
- morph boundaries by MorphScore: one a word; glotscope's full alignment has all, but for cuts inside a
  character, so that the words are English.
- premium as a ratio of fertilities (afri-fertility), or as a mean over sentences (tokenkit).
Ends with status 1 when a value differs by more than the tolerance.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from peers import environment

ROOT = Path(__file__).resolve().parent.parent.parent
TOLERANCE = 1e-9
CORPUS = "results/corpus/catalogs/test"
TOKENIZERS = ["bytebpe-16k-universal", "unigram-16k-universal", "llama3"]
BYTE_LEVEL = ["bytebpe-16k-universal", "llama3"]
BASELINE = "llama3"
LANGUAGES = ["eng_Latn", "deu_Latn", "tur_Latn", "rus_Cyrl", "tha_Thai", "jpn_Jpan"]
REFERENCE = "eng_Latn"
LOSSY, READ, MEASURED = "wordpiece", ["eng_Latn", "tur_Latn"], "deu_Latn"
MORPHS = "eng_Latn"  # its words are cut every third letter: what is compared is how cuts are counted
PINS = [
    "glotscope==0.1.0",
    "toklens==0.1.2",
    "tokscope==0.2.0",
    "toksight==0.3.0",
    "tokenization-scorer==1.1.8",
    "lexical-diversity==0.1.1",
    "pygini==1.0.1",
    "scikit-learn==1.9.1",
    "scipy==1.17.1",
    "transformers==5.23.0",
]
OWN = {
    "continued_words, single_token_words in running text": "from offsets, which no tool has",
    "probes, vocabulary": "of texts and classes of our own",
    "zipf: knee, alpha_1, alpha_2": "two regimes that meet, which no tool fits",
}


class Value(NamedTuple):
    """One value of a metric: of a tokenizer, on texts of a shape, in a language or in all."""

    metric: str
    shape: str
    tokenizer: str
    lang: str
    value: float
    tool: str = "ours"


# ours


def ours(case: dict[str, Any]) -> Iterator[Value]:
    """What our programs write."""
    sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
    import re

    import numpy as np
    import tokenizer_compare
    import tokenizer_inspect
    import tokenizer_measure

    from lib.contracts.corpus import DOCUMENTS
    from lib.contracts.tokenizer import COMPARISONS, METRICS
    from lib.contracts.tokenizer import MORPHS as BOUNDARIES
    from lib.tokenizer import words

    def spans(texts: list[str]) -> np.ndarray:
        found = [match.span() for match in re.finditer(r"\S+", "\n".join(texts))]
        return np.array(found, int).reshape(-1, 2)

    words.segmenters = lambda lang, others: [words.Segmenter("", "white space", spans)]
    with tempfile.TemporaryDirectory() as name:
        folder, facts = Path(name), json.dumps({"family": "any", "mix": None})
        for tokenizer, file in case["tokenizers"].items():
            for shape, texts in shapes(case, tokenizer).items():
                files = []
                for lang, said in texts.items():
                    row = {"lang": lang, "domain": "any", "source": "any"}
                    names = [
                        {"doc_id": str(n), "group_id": str(n), "text": text} for n, text in enumerate(said)
                    ]
                    files.append(folder / f"{shape}-{lang}.parquet")
                    DOCUMENTS.write([row | name for name in names], files[-1])
                tables = {
                    table: folder / f"{table}-{tokenizer}-{shape}.parquet"
                    for table in ("metrics", "curves", "lorenz", "lengths")
                }
                tokenizer_measure.measure(
                    tokenizer, shape, facts, Path(file), REFERENCE, **tables, documents=files, resamples=1
                )
                for row in METRICS.read(tables["metrics"]).dropna(subset="value").to_dict("records"):
                    yield Value(row["metric"], shape, tokenizer, row["lang"], row["value"])
        lengths = [folder / f"lengths-{tokenizer}-joined.parquet" for tokenizer in TOKENIZERS]
        tokenizer_compare.compare(BASELINE, folder / "comparisons.parquet", lengths, resamples=1)
        for row in COMPARISONS.read(folder / "comparisons.parquet").to_dict("records"):
            yield Value("nsl", "joined", row["tokenizer"], row["lang"], row["value"])
        gold = folder / "gold.tsv"
        gold.write_text("".join(f"{word}\t{' '.join(cut(word))}\n" for word in case["words"][MORPHS]))
        for tokenizer in TOKENIZERS:
            tokenizer_inspect.inspect(
                tokenizer,
                facts,
                Path(case["tokenizers"][tokenizer]),
                folder / "vocabulary.parquet",
                folder / "probes.parquet",
                folder / "morphs.parquet",
                json.dumps({MORPHS: str(gold)}),
                resamples=1,
            )
            for row in BOUNDARIES.read(folder / "morphs.parquet").to_dict("records"):
                yield Value(f"morphs {row['metric']}", "words", tokenizer, MORPHS, row["value"])


def shapes(case: dict[str, Any], tokenizer: str) -> dict[str, dict[str, list[str]]]:
    """Texts by shape and language on which a tokenizer is measured."""
    if tokenizer == LOSSY:
        return {"messages": {MEASURED: case["messages"][MEASURED]}}
    joined = {lang: ["\n".join(said)] for lang, said in case["messages"].items()}
    return {"messages": case["messages"], "joined": joined, "words": case["words"]}


def cut(word: str) -> list[str]:
    """A word in pieces of three letters."""
    return [word[start : start + 3] for start in range(0, len(word), 3)]


# theirs


def theirs(case: dict[str, Any]) -> Iterator[Value]:
    """What the tools find."""
    for tokenizer, file in case["tokenizers"].items():
        texts = shapes(case, tokenizer)
        yield from _glotscope(tokenizer, file, texts)
        if tokenizer == LOSSY:
            continue
        joined = {lang: text for lang, (text,) in texts["joined"].items()}
        yield from _toklens(tokenizer, file, joined, texts["words"], case["tokenizers"][BASELINE])
        yield from _tokscope(tokenizer, file, joined, case["tokenizers"][BASELINE])
        yield from _toksight(tokenizer, file, texts["messages"])
        yield from _counted(tokenizer, file, texts["messages"])
        yield from _boundaries(tokenizer, file, case["words"][MORPHS])


def _glotscope(tokenizer: str, file: str, texts: dict[str, dict[str, list[str]]]) -> Iterator[Value]:
    """All of its metrics; its words are split at white space and encoded without a space before them."""
    import glotscope
    from glotscope import metrics
    from glotscope.aggregate import aggregate_words
    from glotscope.strr import strr
    from tokenizers import Tokenizer

    coder = glotscope.Tokenizer.from_file(file)
    size = coder.lint().vocab_size

    def report(shape: str):
        said = texts[shape]
        corpus = glotscope.Corpus.fineweb2(list(said), version="texts")
        loaded = glotscope.LoadedCorpus(corpus, {lang: tuple(some) for lang, some in said.items()})
        split = glotscope.Segmenter.WHITESPACE
        return coder.analyze(loaded, leading_space=False, normalization="none", segmenter=split)

    def value(metric: str, lang: str, found: float, shape: str = "messages") -> Value:
        return Value(metric, shape, tokenizer, lang, found, "glotscope")

    messages = report("messages")
    for lang, found in messages.per_language.items():
        yield value("unk_rate", lang, found.fertility.unk_char_rate)
        yield value("chars_per_token", lang, found.compression.cpt)
        yield value("bytes_per_token", lang, found.compression.bpt)
        yield value("round_trip", lang, found.roundtrip_rate)
        counts = messages.document_stats[lang].type_counts
        yield value("type_token_ratio", lang, len(counts) / found.compression.ctc)
        yield value("utilisation", lang, len(counts) / size)
        for metric, alpha in (("renyi_efficiency", 2.5), ("shannon_efficiency", 1.0)):
            yield value(metric, lang, metrics.renyi_efficiency_from_counts(counts, alpha=alpha).value)
    if tokenizer == LOSSY:
        return
    tokens = {lang: stats.per_document_tokens for lang, stats in messages.document_stats.items()}
    for lang, premium in metrics.parity(tokens, reference=REFERENCE).per_language.items():
        yield value("premium", lang, premium)
    costs = {lang: sum(some) / len(some) for lang, some in tokens.items()}
    yield value("gini", "mul_Zyyy", metrics.gini(costs).value)
    for lang, found in report("words").per_language.items():
        yield value("fertility", lang, found.fertility.fertility, "words")
        yield value("continued_words_isolated", lang, found.fertility.p_continued, "words")
    plain = Tokenizer.from_file(file)
    for lang, words in texts["words"].items():
        ids = [encoding.ids for encoding in plain.encode_batch(words, add_special_tokens=False)]
        bare = aggregate_words(ids)
        yield value(
            "single_token_words", lang, strr(bare, bare, language=lang, lowercased=False).bare, "words"
        )


def _toklens(
    tokenizer: str, file: str, joined: dict[str, str], words: dict[str, list[str]], baseline: str
) -> Iterator[Value]:
    """All of its metrics; of words what it finds in a list of them with spaces between."""
    from tokenizers import Tokenizer
    from toklens import metrics

    coder, other = Tokenizer.from_file(file), Tokenizer.from_file(baseline)

    def value(metric: str, lang: str, found: float, shape: str = "joined") -> Value:
        return Value(metric, shape, tokenizer, lang, found, "toklens")

    for lang, text in joined.items():
        yield value("chars_per_token", lang, metrics.compute_cpt(coder, text))
        yield value("bytes_per_token", lang, metrics.compute_compression_ratio(coder, text))
        yield value("premium", lang, metrics.compute_parity(coder, text, joined[REFERENCE]))
        if tokenizer != BASELINE:
            length = len(other.encode(text, add_special_tokens=False).ids)
            yield value("nsl", lang, metrics.compute_nsl(coder, text, length))
        some = " ".join(words[lang])
        yield value("fertility", lang, metrics.compute_fertility(coder, some), "words")
        yield value("single_token_words", lang, metrics.compute_strr(coder, some), "words")
        yield value("continued_words_isolated", lang, 1 - metrics.compute_strr(coder, some), "words")


def _tokscope(tokenizer: str, file: str, joined: dict[str, str], baseline: str) -> Iterator[Value]:
    """All of its metrics but the rate of unknown tokens, and its count of tokens over the baseline's."""
    import tokscope

    adapter, other = (tokscope.load(f"hf:{Path(path).parent}") for path in (file, baseline))
    for lang, text in joined.items():
        found = tokscope.analyze(text, adapter, joined[REFERENCE])
        values = {
            "chars_per_token": found.chars_per_token,
            "bytes_per_token": found.bytes_per_token,
            "tokens_per_word": found.fertility,
            "premium": found.premium,
        }
        if tokenizer in BYTE_LEVEL:
            values["byte_token_rate"] = found.byte_token_rate
        if tokenizer != BASELINE:
            values["nsl"] = found.token_count / tokscope.analyze(text, other).token_count
        for metric, value in values.items():
            yield Value(metric, "joined", tokenizer, lang, value, "tokscope")


def _toksight(tokenizer: str, file: str, messages: dict[str, list[str]]) -> Iterator[Value]:
    """Its compression and its coverage of the vocabulary, which is unrounded as two counts."""
    from toksight import compression, loader, training_coverage

    coder = loader.load_huggingface(str(Path(file).parent))
    for lang, said in messages.items():
        found = compression.compute_compression(coder, said)
        covered = training_coverage.estimate_coverage(coder, said)
        values = {
            "chars_per_token": found.chars_per_token,
            "bytes_per_token": found.bytes_per_token,
            "tokens_per_word": found.tokens_per_word,
            "utilisation": covered.vocab_used / covered.vocab_total,
        }
        for metric, value in values.items():
            yield Value(metric, "messages", tokenizer, lang, value, "toksight")


def _counted(tokenizer: str, file: str, messages: dict[str, list[str]]) -> Iterator[Value]:
    """Metrics of how often ids occur, by tools for any counts; ids stand for tokens, which hold spaces."""
    import numpy as np
    import pygini
    import tokenization_scorer
    from lexical_diversity import lex_div
    from scipy import stats
    from tokenizers import Tokenizer

    coder, totals = Tokenizer.from_file(file), []
    for lang, said in messages.items():
        ids = [encoding.ids for encoding in coder.encode_batch(said, add_special_tokens=False)]
        lines = [" ".join(map(str, some)) for some in ids]
        counts = np.unique(np.concatenate(ids), return_counts=True)[1]
        totals.append(float(counts.sum()))
        ranks = stats.rankdata(-counts, method="ordinal")
        found = [
            ("renyi_efficiency", "tokenization-scorer", tokenization_scorer.score(lines, "renyi", power=2.5)),
            ("shannon_efficiency", "tokenization-scorer", tokenization_scorer.score(lines, "shannon")),
            ("shannon_efficiency", "scipy", stats.entropy(counts, base=len(counts))),
            ("average_rank", "scipy", np.average(ranks, weights=counts)),
            ("type_token_ratio", "lexical-diversity", lex_div.ttr([i for some in ids for i in some])),
        ]
        for metric, tool, value in found:
            yield Value(metric, "messages", tokenizer, lang, float(value), tool)
    yield Value(
        "gini", "messages", tokenizer, "mul_Zyyy", float(pygini.gini(np.array(totals), eps=0)), "pygini"
    )


def _boundaries(tokenizer: str, file: str, words: list[str]) -> Iterator[Value]:
    """Boundaries of tokens against those of morphs, of words after a space, from offsets in characters."""
    from glotscope.aggregate import align_boundaries
    from glotscope.morphology import boundaries, pieces_from_offsets
    from sklearn.metrics import precision_recall_fscore_support
    from tokenizers import Tokenizer

    encodings = Tokenizer.from_file(file).encode_batch(
        [f" {word}" for word in words], add_special_tokens=False
    )
    predicted, gold = [], []
    for word, encoding in zip(words, encodings, strict=True):
        predicted.append(boundaries(pieces_from_offsets(word, encoding.offsets, shift=1)))
        gold.append(boundaries(cut(word)))
    found = align_boundaries(predicted, gold)
    inside = [range(1, len(word)) for word in words]
    judged = [at in cuts for cuts, places in zip(predicted, inside, strict=True) for at in places]
    wanted = [at in cuts for cuts, places in zip(gold, inside, strict=True) for at in places]
    scores = precision_recall_fscore_support(wanted, judged, average="binary")
    for metric, score in zip(("precision", "recall", "f1"), scores, strict=False):
        yield Value(f"morphs {metric}", "words", tokenizer, MORPHS, getattr(found, metric), "glotscope")
        yield Value(f"morphs {metric}", "words", tokenizer, MORPHS, float(score), "scikit-learn")


# both


def prepared(folder: Path) -> dict[str, Any]:
    """Texts and tokenizers that both sides read; what the default run has and is not there is made."""
    sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
    import pandas as pd
    import tokenizer_train

    from lib.tokenizer import words

    tokenizers = {name: f"results/tokenizer/{name}/tokenizer.json" for name in TOKENIZERS}
    files = {lang: f"{CORPUS}/{lang}.parquet" for lang in LANGUAGES}
    wanted = [*tokenizers.values(), *files.values()]
    if not all(Path(file).is_file() for file in wanted):
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "all", "--", *wanted]
        subprocess.run(command, check=True)
    tables = {lang: pd.read_parquet(file).set_index("group_id")["text"] for lang, file in files.items()}
    shared = sorted(set.intersection(*(set(table.index) for table in tables.values())))
    messages = {lang: table[shared].tolist() for lang, table in tables.items()}
    # Distinct ones: single-token retention is of a list of words.
    found = {lang: words.find(said, words.icu()).forms for lang, said in messages.items()}
    distinct = {lang: sorted({form.strip(" ") for form in forms}) for lang, forms in found.items()}
    tokenizers[LOSSY] = str(folder / LOSSY / "tokenizer.json")
    (folder / LOSSY).mkdir()
    tokenizer_train.train(
        LOSSY,
        json.dumps({"family": "wordpiece", "size": 4000, "mix": "any", "temperature": 1, "max_bytes": 10**8}),
        Path(tokenizers[LOSSY]),
        folder / "training.parquet",
        [Path(files[lang]) for lang in READ],
    )
    return {"tokenizers": tokenizers, "messages": messages, "words": distinct}


def main() -> None:
    """Print a line for each metric and tool, then how many agree."""
    if sys.argv[1:2] == ["--theirs"]:
        case = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
        Path(sys.argv[3]).write_text(json.dumps(list(theirs(case))), encoding="utf-8")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        case = prepared(folder)
        (folder / "case.json").write_text(json.dumps(case), encoding="utf-8")
        quiet = {**os.environ, "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
        command = [
            environment("tokenizer_agreement", PINS),
            __file__,
            "--theirs",
            folder / "case.json",
            folder / "theirs.json",
        ]
        done = subprocess.run(command, env=quiet, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        others = [Value(*row) for row in json.loads((folder / "theirs.json").read_text())]
        mine = {value[:4]: value.value for value in ours(case)}
    sys.exit(report(mine, others, case))


def report(mine: dict[tuple, float], others: list[Value], case: dict[str, Any]) -> int:
    """Print the comparison, each metric and tool by its worst value; 1 where one differs."""
    worst: dict[tuple[str, str, str], tuple[float, Value, float]] = {}
    counts: dict[tuple[str, str, str], int] = {}
    for value in others:
        own = mine[value[:4]]
        difference = abs(value.value - own) / max(abs(value.value), abs(own), 1e-300)
        key = (value.metric, value.shape, value.tool)
        counts[key] = counts.get(key, 0) + 1
        if difference >= worst.get(key, (0.0,))[0]:
            worst[key] = (difference, value, own)
    n = len(case["messages"][REFERENCE])
    print(f"{n} messages in {len(LANGUAGES)} languages; {', '.join(case['tokenizers'])}")
    print("Each line is the value that differs most, of as many as the second column says.")
    print(f"{'metric':<26}{'n':>3}  {'texts':<9}{'tool':<20}{'ours':>18}{'theirs':>18}  difference")
    for (metric, shape, tool), (difference, value, own) in sorted(worst.items()):
        numbers = f"{own:>18.12g}{value.value:>18.12g}  {difference:.1e}"
        print(f"{metric:<26}{counts[metric, shape, tool]:>3}  {shape:<9}{tool:<20}{numbers}")
    tools = {metric: sorted({t for m, _, t in worst if m == metric}) for metric, _, _ in worst}
    single = [f"{metric} ({', '.join(some)})" for metric, some in sorted(tools.items()) if len(some) < 2]
    print(f"\nin one tool only: {', '.join(single)}")
    for what, why in OWN.items():
        print(f"in no tool: {what} ({why})")
    differing = [key for key, (difference, _, _) in worst.items() if difference > TOLERANCE]
    agreed = len(worst) - len(differing)
    print(f"\n{agreed} of {len(worst)} pairs of a metric and a tool agree to {TOLERANCE:g}")
    for metric, shape, tool in sorted(differing):
        print(f"differs: {metric} of {shape}, {tool}")
    return int(bool(differing))


if __name__ == "__main__":
    main()
