"""Made-up tables as the default run hands them to the paper stage, and every figure drawn from them.

To look at the figures without running the pipeline:
    python tests/paper_fixtures.py FOLDER           (as large as the default run)
    python tests/paper_fixtures.py FOLDER --tiny    (as small as the test run, with missing values)
"""

from __future__ import annotations

import math
import runpy
import sys
from itertools import product
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

import theory_tables  # noqa: E402

from lib.contracts import attention, lora, tokenizer  # noqa: E402
from lib.contracts.bits import LANGUAGES as BITS  # noqa: E402
from lib.contracts.forgetting import FORGETTING  # noqa: E402
from lib.contracts.scores import COMPARISONS, GATES, ROUNDS, SCORES, SUMMARY  # noqa: E402
from lib.run import Diverged  # noqa: E402
from lib.tokenizer import probes as known_probes  # noqa: E402
from lib.tuning import at_edge, choice, search_rates  # noqa: E402

BASE = "smollm2-135m-q4_1"
GRAFT = f"{BASE}+bytebpe-16k-universal"

# Tokens per word of a good tokenizer, and how much worse one is that never saw the script.
LANGUAGES = {
    "eng_Latn": (1.4, 1.0),
    "deu_Latn": (1.9, 1.0),
    "fra_Latn": (1.7, 1.0),
    "spa_Latn": (1.7, 1.0),
    "tur_Latn": (2.3, 1.5),
    "vie_Latn": (1.5, 2.2),
    "rus_Cyrl": (2.2, 4.5),
    "ell_Grek": (2.4, 4.8),
    "ara_Arab": (2.3, 4.2),
    "heb_Hebr": (2.2, 4.4),
    "tam_Taml": (3.0, 7.5),
    "tha_Thai": (1.9, 6.0),
    "zho_Hans": (1.6, 3.3),
    "jpn_Jpan": (1.7, 3.4),
    "kor_Hang": (2.4, 3.9),
    "zho_Hant": (1.7, 3.5),
}
TOKENIZERS = [
    (BASE, "pretrained", 49152, None),
    ("bpe-4k-universal", "bpe", 4000, "universal"),
    ("bpe-16k-universal", "bpe", 16000, "universal"),
    ("unigram-4k-universal", "unigram", 4000, "universal"),
    ("unigram-16k-universal", "unigram", 16000, "universal"),
    ("bytebpe-4k-universal", "bytebpe", 4000, "universal"),
    ("bytebpe-16k-universal", "bytebpe", 16000, "universal"),
    ("unigram-16k-european", "unigram", 16000, "european"),
    ("bytebpe-16k-european", "bytebpe", 16000, "european"),
]
EUROPEAN = ["eng_Latn", "deu_Latn", "fra_Latn", "spa_Latn"]
INTERVAL = {"interval_over": "items", "n_items": 200}


def _noise(*key: object) -> float:
    """A number in (-1, 1) that depends on nothing but the key."""
    return np.random.default_rng(crc32(repr(key).encode())).uniform(-1, 1)


def _interval(value: float | None, half: float) -> dict[str, float | None]:
    if value is None:
        return {"value": None, "ci_low": None, "ci_high": None}
    return {"value": value, "ci_low": value - half, "ci_high": value + half}


def _share(value: float, n: int) -> dict[str, float | None]:
    half = 1.96 * math.sqrt(max(value * (1 - value), 0.002) / n)
    return {"value": value, "ci_low": max(value - half, 0), "ci_high": min(value + half, 1)}


def metrics(tokenizers: list, languages: dict) -> pd.DataFrame:
    """Tokens per word and premium; neither is defined for code, nor a premium for maths."""
    rows = []
    texts = [("catalogs", lang) for lang in languages] + [("maths", "eng_Latn"), ("python", "zxx_Zyyy")]
    for name, family, size, mix in tokenizers:
        for corpus, lang in texts:
            good, unseen = languages.get(lang, (1.4, 1))
            factor = {"universal": 1.0, "european": unseen, None: unseen**0.9}[mix] * (
                1.35 if size <= 4000 else 1
            )
            words = good * factor * (1 + 0.06 * _noise(name, corpus, lang))
            english = 1.4 * (1.35 if size <= 4000 else 1)
            values = {
                "tokens_per_word": None if corpus == "python" else words,
                "premium": words / english if corpus == "catalogs" else None,
                "chars_per_token": 4.6 / factor,
            }
            if lang == "eng_Latn" and corpus == "catalogs":
                values["premium"] = 1.0
            segmenter = None if corpus == "python" else "ICU 77.1"
            if lang == "jpn_Jpan":
                values["tokens_per_word_mecab"] = words * 0.96
            for metric, value in values.items():
                rows.append(
                    {
                        "tokenizer": name,
                        "family": family,
                        "vocab_size": size,
                        "mix": mix,
                        "corpus": corpus,
                        "lang": lang,
                        "metric": metric,
                        **_interval(value, 0.0 if value == 1.0 else 0.03 * (value or 0)),
                        "n_docs": 1024,
                        "n_words": None if segmenter is None else 9000,
                        "segmenter": "mecab (unidic-lite 1.0.8)" if metric.endswith("mecab") else segmenter,
                    }
                )
    return pd.DataFrame(rows)


def lorenz(tokenizers: list, languages: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lorenz curves over the languages, and the rows of metrics with the Gini coefficients."""
    curves, unequal = [], []
    for name, family, size, mix in tokenizers:
        identity = {"tokenizer": name, "corpus": "catalogs"}
        spread = 0 if mix == "universal" else 0.9
        costs = {
            lang: 900 * unseen**spread * (1.2 + 0.1 * _noise(name, lang))
            for lang, (_, unseen) in languages.items()
        }
        ordered = sorted(costs, key=costs.get)
        taken = np.cumsum([costs[lang] for lang in ordered]) / sum(costs.values())
        for place, lang in enumerate(ordered):
            share = {"share_of_languages": (place + 1) / len(ordered), "share_of_tokens": taken[place]}
            curves.append({**identity, "lang": lang, "tokens": int(costs[lang]), **share, "n_groups": 110})
        gini = 1 - (2 * taken.sum() - 1) / len(taken)
        facts = {"family": family, "vocab_size": size, "mix": mix, "lang": "mul_Zyyy", "metric": "gini"}
        counts = {"n_docs": 110, "n_words": None, "segmenter": None}
        unequal.append({**identity, **facts, **_interval(gini, 0.01), **counts})
    return pd.DataFrame(curves, columns=list(tokenizer.LORENZ.columns)), pd.DataFrame(unequal)


def comparisons(tokenizers: list, languages: dict, baseline: str) -> pd.DataFrame:
    """All tokenizers against one, and the universal ones against the European ones of family and size."""
    known = {name: (family, size, mix) for name, family, size, mix in tokenizers}
    pairs = [(name, baseline) for name in known if name != baseline]
    pairs += [
        (wide, narrow)
        for wide, (*alike, mix) in known.items()
        for narrow, (*others, less) in known.items()
        if alike == others and (mix, less) == ("universal", "european")
    ]
    rows = []
    for name, below in pairs:
        for lang, (_, unseen) in languages.items():
            value = 1.2 / unseen * (1 + 0.1 * _noise(name, below, lang))
            key = {"tokenizer": name, "baseline": below, "corpus": "catalogs", "lang": lang}
            counts = {"tokens": int(9000 * value), "baseline_tokens": 9000, "n_docs": 1024}
            rows.append({**key, **counts, **_interval(value, 0.02 * value)})
    return pd.DataFrame(rows, columns=list(tokenizer.COMPARISONS.columns))


def training(name: str, family: str, size: int, mix: str, languages: list[str]) -> pd.DataFrame:
    """What a tokenizer read: all languages, or the European ones."""
    read = EUROPEAN if mix == "european" else languages
    facts = {"tokenizer": name, "family": family, "vocab_size": size, "mix": mix, "sha256": "0" * 64}
    amounts = {f"n_characters{part}": 90_000 for part in ("", "_wanted", "_read")}
    return pd.DataFrame(
        {**facts, "lang": lang, "n_docs": 900, **amounts, "share": 1 / len(read)} for lang in read
    )


def probes(tokenizers: list) -> pd.DataFrame:
    """Numbers that are cut after three digits or at each one; indentation in one piece or many."""
    rows = []
    for name, family, size, mix in tokenizers:
        identity = {"tokenizer": name, "family": family, "vocab_size": size, "mix": mix}
        for probe, spans in known_probes.probes().items():
            width = spans.ends[0] - spans.starts[0]
            split = "+".join("1" * width) if mix else "+".join(["3"] * (width // 3) + ["1"])
            share = 0.97 if probe.startswith("number") and mix else 1.0
            facts = {"commonest": split, "commonest_share": share, "n": len(spans.texts)}
            rows.append({**identity, "probe": probe, "pieces": split.count("+") + share, **facts})
    return pd.DataFrame(rows)


def morphs(tokenizers: list, languages: list[str]) -> pd.DataFrame:
    """Boundaries of some languages; without precision where a tokenizer never cuts."""
    rows = []
    for name, family, size, mix in tokenizers:
        identity = {"tokenizer": name, "family": family, "vocab_size": size, "mix": mix}
        for lang in languages:
            for metric, level in (("precision", 0.4), ("recall", 0.55), ("f1", 0.46)):
                value = (
                    None
                    if metric == "precision" and mix is None
                    else level + 0.1 * _noise(name, lang, metric)
                )
                counts = {"n_words": 5000, "n_boundaries": 9000, "n_left_out": 40}
                rows.append({**identity, "lang": lang, "metric": metric, **_interval(value, 0.02), **counts})
    return pd.DataFrame(rows, columns=list(tokenizer.MORPHS.columns))


def vocabulary(tokenizers: list, parts: dict[str, float]) -> pd.DataFrame:
    """Vocabularies of these parts; those of a European mix have a script more."""
    rows = []
    for name, family, size, mix in tokenizers:
        weights = {part: weight * (1 + 0.3 * _noise(name, part)) for part, weight in parts.items()}
        weights |= {} if mix == "universal" else {"Latn": 9 * sum(weights.values())}
        for part, weight in weights.items():
            share = weight / sum(weights.values())
            identity = {"tokenizer": name, "family": family, "vocab_size": size, "mix": mix}
            rows.append({**identity, "part": part, "tokens": round(share * size), "share": share})
    return pd.DataFrame(rows)


PARTS = {
    **{"Latn": 35, "Hani": 9, "Arab": 7, "Grek": 7, "Thai": 6, "Hebr": 6, "Cyrl": 6, "Hang": 6, "Taml": 5},
    **{"Kana": 2, "Hira": 2, "Jpan": 2, "Deva": 1, "Beng": 1, "Cans": 0.5, "Ethi": 0.4, "bytes": 5},
    **{"punctuation": 2, "digits": 0.3, "whitespace": 0.1, "mixed": 0.1, "special": 0.02},
}


def zipf(tokenizers: list, languages: dict, fit: bool = True) -> pd.DataFrame:
    """Two straight lines that meet at a knee; without a fit where the sample is too small."""
    rows = []
    texts = [("catalogs", lang) for lang in [*languages, "mul_Zyyy"]]
    texts += [("maths", "eng_Latn"), ("python", "zxx_Zyyy")]
    for name, _, size, _ in tokenizers:
        for corpus, lang in texts:
            knee = size * (0.08 + 0.03 * abs(_noise(name, corpus, lang)))
            ranks = np.unique(np.geomspace(1, size * 0.6, 90).round())
            log = np.where(
                ranks < knee, -0.85 * np.log(ranks), -0.85 * np.log(knee) - 2.0 * np.log(ranks / knee)
            )
            share = np.exp(log) / 12 * (1 + 0.1 * np.array([_noise(name, corpus, lang, r) for r in ranks]))
            for rank, frequency in zip(ranks, share, strict=True):
                rows.append(
                    {
                        "tokenizer": name,
                        "corpus": corpus,
                        "lang": lang,
                        "rank": int(rank),
                        "frequency": frequency,
                        "alpha_1": 0.85 if fit else None,
                        "alpha_2": 2.0 if fit else None,
                        "knee": knee if fit else None,
                        "delta_bic": 60.0 if fit else None,
                    }
                )
    return pd.DataFrame(rows)


def scores(cells: list, branched: list) -> pd.DataFrame:
    """Greedy scores of every cell, and the other decoders where there are branches."""
    rows = []
    for model, task, arm, rank, seed in cells:
        level = 0 if arm == "base" else math.log2(rank or {"full": 100}.get(arm, 1)) / 6
        key = {
            "model": model,
            "task": task,
            "arm": arm,
            "method": method_of(arm),
            "rank": rank,
            "seed": seed,
            "split": "test",
        }
        decoders = {"greedy": 1.0}
        if (model, task, arm) in branched:
            decoders |= {"cot-max": 2.8, "cot-aggregate": 3.0, "cot-vote": 1.0, "cot-oracle": 4.0}
            decoders |= {"tree-first": 2.0, "tree-aggregate": 3.2, "tree-oracle": 4.1}
        for decoder, factor in decoders.items():
            if task == "translate-fra":
                chrf = (18 if arm == "base" else 25 + 12 * level) + 2 * _noise(model, arm, seed)
                rows.append({**key, "decoder": decoder, "metric": "chrf", **_interval(chrf, 2.4), **INTERVAL})
            else:
                share = (0.03 if arm == "base" else 0.04 + 0.03 * level) * factor
                share += 0.008 * _noise(model, arm, seed, decoder)
                rows.append(
                    {**key, "decoder": decoder, "metric": "accuracy", **_share(share, 200), **INTERVAL}
                )
                extra = {"metric": "answered", **_share(0.97, 200)}
                if decoder != "greedy":
                    extra = {"metric": "accuracy_gain", **_interval(share * (1 - 1 / factor), 0.05)}
                rows.append({**key, "decoder": decoder, **extra, **INTERVAL})
            tokens = {"greedy": 18, "cot": 190, "tree": 160}[decoder.split("-")[0]] + 9 * level
            tokens = {"metric": "tokens", **_interval(tokens, 2)}
            rows.append({**key, "decoder": decoder, **tokens, **INTERVAL})
    return pd.DataFrame(rows)


def summary(scored: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds, with wider intervals where there are several."""
    rows = []
    key = ["model", "task", "arm", "split", "decoder", "metric"]
    for names, runs in scored.groupby(key, sort=False):
        ends, seeds = runs[["value", "ci_low", "ci_high"]].mean(), len(runs)
        facts = runs[["method", "rank", "n_items"]].iloc[0].to_dict()
        over = "items" if seeds == 1 else "seeds and items"
        rows.append(
            {**dict(zip(key, names, strict=True)), **ends, **facts, "interval_over": over, "n_seeds": seeds}
        )
    return pd.DataFrame(rows)


def arm_comparisons(means: pd.DataFrame, reference: str) -> pd.DataFrame:
    """All arms against one, on its seeds; what differs much is sure, and one does not differ at all."""
    rows = []
    for names, family in means[means["metric"].isin(["accuracy", "chrf"])].groupby(
        ["model", "task", "decoder", "metric"]
    ):
        family = family.set_index("arm")
        if reference not in family.index:
            continue
        for arm, row in family.drop(index=reference).iterrows():
            alike = arm == "ia3"
            value = 0.0 if alike else row["value"] - family["value"][reference]
            half = (0.02 if names[3] == "accuracy" else 2.0) * (1 if row["n_seeds"] == 1 else 1.3)
            p = 1.0 if alike else float(np.exp(-3 * (value / half) ** 2))
            rows.append(
                {
                    **dict(zip(["model", "task", "decoder", "metric"], names, strict=True)),
                    **row[["method", "rank", "split", "interval_over", "n_seeds", "n_items"]],
                    **_interval(value, half),
                    "arm": arm,
                    "reference": reference,
                    "test": "mcnemar" if row["n_seeds"] == 1 else "bootstrap",
                    "p_value": p,
                    "p_holm": min(1.0, p * (len(family) - 1)),
                    "detectable": None if alike else 1.43 * half,
                }
            )
    return pd.DataFrame(rows, columns=list(COMPARISONS.columns))


def memory(cells: list, failed: list = (), energy: bool = True) -> pd.DataFrame:
    """Phases of every arm of some cells: a model, and what an arm adds to it; failures end in training."""
    rows = []
    for model, task, arm, rank, _ in cells:
        trained = 305_280 * rank if rank else {"full": 134_515_008, "ia3": 57_600}[arm]
        size = 4 if arm == "full" else 2
        frozen = 0 if arm == "full" else 134_515_008
        names = {"model": model, "task": task, "arm": arm, "method": method_of(arm), "rank": rank}
        names |= {"device": "cpu", "status": "finished", "reason": None, "reserved_bytes": None}
        weights = 2 * frozen + 4 * trained
        for phase in lora.PHASES:
            training = phase == "train"
            owned = {"weights": weights if phase != "evaluate" else 269_030_016}
            owned |= {"gradients": 4 * trained * training, "optimizer": 8 * trained * training}
            kept = 180_000_000 + 1000 * size
            rest = {"load": 50_000_000, "train": kept + 230_000_000, "evaluate": 420_000_000}[phase]
            program = 460_000_000
            row = {"phase": phase, "program_bytes": program, "rest_bytes": rest}
            row |= {f"{owner}_bytes": part for owner, part in owned.items()}
            row |= {f"predicted_{owner}_bytes": part for owner, part in owned.items()}
            row["peak_bytes"] = program + rest + sum(owned.values())
            row["predicted_rest_bytes"] = kept if training else None
            row["predicted_peak_bytes"] = program + sum(owned.values()) + kept if training else None
            seconds = 1.9 + trained / 2e8 + 0.1 * _noise(model, arm)
            row |= {"seconds": 20.0, "joules": 400.0 if energy else None}
            row["tokens"] = {"load": None, "train": 3000, "evaluate": 2500}[phase]
            row["seconds_per_step"] = seconds if training else None
            row["tokens_per_second"] = {
                "load": None,
                "train": 800 / seconds,
                "evaluate": 900 + 30 * _noise(arm),
            }[phase]
            row["flops_per_token"] = {
                "load": None,
                "train": 4 * frozen + 6 * trained,
                "evaluate": 2 * 134_515_008,
            }[phase]
            if training and arm in failed:
                row = dict.fromkeys(row) | {"phase": phase}
                rows.append({**names, **row, "status": "out-of-memory", "reason": "no room"})
                break
            rows.append({**names, **row})
    return pd.DataFrame(rows, columns=list(lora.MEMORY.columns))


def bits(trainings: list[tuple], texts: dict[tuple[str, str], float]) -> pd.DataFrame:
    """Bits per byte that fall with training, most in the languages that were read, and what tokens hold."""
    rows = []
    for model, tokens, base, arm, earlier, read in trainings:
        for (corpus, lang), strange in texts.items():
            learnt = {None: 0.0, "base": 0.6}.get(earlier, 0.9) + 0.5 * (lang in read)
            needed = 1.7 + strange - learnt * strange + 0.1 * _noise(model, lang)
            values = {"bits_per_byte": needed, "bytes_per_token": 3.5 - strange}
            values |= {"tokens_per_document": 15 + 10 * strange + 2 * _noise(tokens, lang)}
            values |= {} if earlier is None else {"change": -0.3 * strange}
            names = {"model": model, "arm": arm, "seed": 0, "tokenizer": tokens, "base": base}
            names |= {
                "before": earlier,
                "against": None,
                **{"block": None if arm == "base" else arm, "share": None, "fixed": None},
                **{"corpus": corpus, "domain": "interface", "lang": lang, "read": lang in read},
            }
            for metric, value in values.items():
                rows.append({**names, "metric": metric, **_interval(value, 0.1), "n_docs": 100, "n_lost": 0})
    return pd.DataFrame(rows)


def pretrained(mixes: list[str]) -> list[tuple]:
    """Models from scratch with their further training, and a base with its graft."""
    cluster, cells = ("eng_Latn", "deu_Latn", "fra_Latn"), []
    for mix in mixes:
        tokens = f"bytebpe-16k-{mix}"
        name = (f"nano+{tokens}", tokens, "nano")
        cells += [(*name, "base", None, ()), (*name, "scratch", "base", cluster)]
        cells += [(*name, "expanded", "scratch", ("rus_Cyrl", "jpn_Jpan"))]
        cells += [(*name, "unseen", "scratch", ("pol_Latn", "hin_Deva"))]
    for name in ((BASE, BASE, None), (GRAFT, "bytebpe-16k-universal", BASE)):
        cells += [(*name, "base", None, ()), (*name, "adapt", "base", ("eng_Latn", "jpn_Jpan"))]
    return cells


# What the bits of each text become by an eighth of code: texts that are like it need fewer.
BY_CODE = {
    **{("catalogs", "interface", "eng_Latn"): 0.02, ("catalogs", "interface", "deu_Latn"): 0.03},
    **{("python", "code", "zxx_Zyyy"): -0.3, ("maths", "maths", "eng_Latn"): -0.04},
    ("arithmetic", "task", "und_Zyyy"): -0.01,
}


def mixtures(model: str, seeds: list[int], shares: dict[str, list[float]]) -> pd.DataFrame:
    """Bits per byte of a model without code, and of shares of it, in place of text or beside it."""
    rows = []
    arms = [("warm", None, 0.0)]
    arms += [(f"warm-{fixed}-{100 * one:g}", fixed, one) for fixed in shares for one in shares[fixed]]
    for seed, (arm, fixed, share), (text, effect) in product(seeds, arms, BY_CODE.items()):
        names = {"model": model, "arm": arm, "seed": seed, "tokenizer": model, "base": None, "before": "base"}
        names |= {
            "against": None,
            "block": "warm",
            "share": share,
            "fixed": fixed,
            "n_docs": 100,
            "n_lost": 0,
        }
        names |= dict(zip(("corpus", "domain", "lang"), text, strict=True))
        names |= {"read": (text[1] == "code" and share > 0) or (text[2] == "deu_Latn" and share < 1)}
        change = effect * (8 * share) ** 0.5 * (0.6 if fixed == "text" else 1) + 0.01 * _noise(
            arm, seed, *text
        )
        rows.append({**names, "metric": "bits_per_byte", **_interval(1.6 + change, 0.1)})
        rows += [{**names, "metric": "code_effect", **_interval(change, 0.02)}] if share else []
    return pd.DataFrame(rows)


STRANGE = {
    **{("catalogs", "eng_Latn"): 0.6, ("catalogs", "deu_Latn"): 0.8, ("catalogs", "fra_Latn"): 0.7},
    **{("catalogs", "rus_Cyrl"): 1.6, ("catalogs", "jpn_Jpan"): 2.0},
    **{("unseen", "pol_Latn"): 1.2, ("unseen", "hin_Deva"): 1.8},
}


def method_of(arm: str) -> str | None:
    """The method of an arm that is named after it."""
    return None if arm == "base" else arm.split("-")[0]


def costs(cells: list, failed: list = ()) -> pd.DataFrame:
    """Memory that hardly rises with the rank, optimizer state proportional to it; failures have neither."""
    rows = []
    for model, task, arm, rank, seed in [*cells, *failed]:
        if arm == "base":
            continue
        parameters = 305_280 * rank if rank else {"full": 134_515_008, "ia3": 57_600}[arm]
        seconds = 300 + 20 * _noise(model, task, arm)
        row = {
            "model": model,
            "task": task,
            "arm": arm,
            "method": method_of(arm),
            "rank": rank,
            "scaling": 32 / rank if rank and arm.startswith("lora") else None,
            "seed": seed,
            "learning_rate": 1e-3,
            "packed": 1,
            "status": "finished",
            "reason": None,
            "trainable_params": parameters,
            "initial_sha256": "0" * 64,
            "peak_bytes_load": 900_000_000,
            "peak_bytes_train": 1_500_000_000 + 14 * parameters + int(3e7 * _noise(task, arm)),
            "gradient_bytes": 4 * parameters,
            "optimizer_bytes": 8 * parameters,
            "adapter_bytes": 4 * parameters + 4096,
            "flops": 4e13,
            "seconds": seconds,
            "cpu_seconds": seconds * 0.98,
            "tokens_per_second": 120_000 / seconds,
        }
        if (model, task, arm, rank, seed) in failed:
            known = {"status": "diverged", "reason": "at step 3 the loss is nan"}
            names = ("model", "task", "arm", "method", "rank", "scaling", "seed", "learning_rate", "packed")
            known |= {name: row[name] for name in names}
            row = dict.fromkeys(row) | known
        rows.append(row)
    return pd.DataFrame(rows)


def tuning(cells: list[tuple[str, str, str, int]], rates: list[float]) -> pd.DataFrame:
    """Dev losses that are lowest near a rate that rises with the rank; the highest rate may diverge."""
    rows = []
    for model, task, arm, rank in cells:

        def trial(rate: float, until: int, task: str = task, arm: str = arm, rank: int = rank) -> float:
            if rate >= 0.1 and until > 15:
                raise Diverged("the loss is nan", [{}] * (until - 2))
            off = math.log10(rate / (2e-3 * rank**0.2))
            return 0.5 + 0.4 * off**2 + 6 / until + 0.02 * _noise(task, arm, rate)

        found = search_rates(rates, 60, task == "arithmetic", trial)
        best = choice(found)
        for row in found:
            chosen = row["learning_rate"] == best
            row |= {"model": model, "task": task, "arm": arm, "seed": 0, "chosen": chosen}
            rows.append({**row, "at_edge": chosen and at_edge(best, rates)})
    return pd.DataFrame(rows)


def forgetting(cells: list, texts: list[tuple[str, str]]) -> pd.DataFrame:
    """Bits per byte that rise with the rank; on one of the texts an adapter may also learn."""
    rows = []
    for model, task, arm, rank, seed in cells:
        for corpus, lang in texts:
            more = None if rank is None else 0.05 * math.log2(rank) + 0.1 * _noise(task, arm, seed, corpus)
            key = {"model": model, "task": None if rank is None else task, "arm": arm}
            key |= {"method": None if rank is None else "lora", "rank": rank, "seed": seed}
            key |= {"corpus": corpus, "lang": lang, "n_docs": 20, "n_lost": 0}
            rows.append({**key, "metric": "bits_per_byte", **_interval(1.7 + (more or 0), 0.2)})
            if rank is not None:
                rows.append({**key, "metric": "change", **_interval(more, 0.06)})
    return pd.DataFrame(rows).drop_duplicates(["model", "task", "arm", "seed", "corpus", "lang", "metric"])


def arms(ranks: list[int]) -> pd.DataFrame:
    """The arms of one block."""
    return pd.DataFrame(
        {
            "arm": f"lora-r{rank}",
            "block": "lora",
            "method": "lora",
            "rank": rank,
            "alpha": 32.0,
            "scaling": 32 / rank,
            "targets": "all-linear",
            "learning_rate": 1e-3,
        }
        for rank in ranks
    )


def steps(cell: tuple, count: int) -> pd.DataFrame:
    """A noisy loss that falls."""
    rank = cell[3]
    step = np.arange(1, count + 1)
    noise = np.random.default_rng(crc32(repr(cell).encode())).normal(0, 0.08, count)
    return pd.DataFrame(
        {
            "step": step,
            "loss": 0.9 - 0.05 * math.log2(rank or 100) + 2.5 * np.exp(-step / (0.1 * count)) + noise,
            "learning_rate": 1e-3 * np.minimum(1, step / 10),
            "tokens": 800,
            "target_tokens": 200,
            "gradient_norm": 1.0,
            "seconds": 2.0,
        }
    )


TESTS = [("arithmetic", "test", 1.0), ("arithmetic", "template", 0.6), ("arithmetic-longer", "test", 0.3)]


def rounds(
    cells: list[tuple], n_rounds: int, tests: list[tuple] = TESTS, defined: bool = True
) -> pd.DataFrame:
    """Loops over rounds; ``defined=False`` leaves the last round without a value."""
    rows = []
    gain = {"confidence": 0.07, "random": 0.01, "greedy": 0.03, "gold": 0.1}
    greedy = {"answered": (0.8, 0.08), "chain": (0.5, 0.2)}
    branches = {"auroc": (0.7, -0.05), "auroc_within": (0.65, -0.04), "pass_at_10": (0.24, 0.04)}
    branches |= {"pass_at_1": (0.06, 0.07), "distinct_answers": (6.1, -0.9), "distinct_branches": (9.4, -0.8)}
    for model, task, loop, seed in cells:
        for number in range(n_rounds + 1):
            lost = not defined and number == n_rounds
            key = {"model": model, "task": task, "loop": loop, "filter": loop, "seed": seed, "round": number}
            for tested, split, factor in tests:
                test = {**key, "tested": tested, "split": split, **INTERVAL}
                for decoder, start in {
                    "greedy": 0.06,
                    "cot-max": 0.165,
                    "cot-aggregate": 0.17,
                    "cot-vote": 0.055,
                }.items():
                    share = start + gain.get(loop, 0.02) * number * (
                        1.0 if decoder in ("greedy", "cot-vote") else 0.4
                    )
                    share = factor * share + 0.006 * (1 + _noise(loop, seed, number, decoder, tested, split))
                    interval = _interval(None, 0) if lost else _share(share, 200)
                    rows.append({**test, "decoder": decoder, "metric": "accuracy", **interval})
                for decoder, like in (("greedy", greedy), ("cot", branches)):
                    for metric, (start, step) in like.items():
                        value = start + step * number * (1 + gain.get(loop, 0.02) * 5) / 1.5
                        interval = _interval(None if lost else value, 0.06)
                        rows.append({**test, "decoder": decoder, "metric": metric, **interval})
            chosen = {**key, "tested": None, "split": None, "decoder": "selection", **INTERVAL, "n_items": 64}
            text = {**chosen, "decoder": "reading", "tested": "catalogs", "interval_over": "documents"}
            if number:
                counts = {**chosen, "interval_over": "none", "ci_low": None, "ci_high": None}
                rows.append({**chosen, "metric": "precision", **_share(gain.get(loop, 0.02) * 3, 64)})
                rows.append({**counts, "metric": "examples", "value": 64.0})
                rows.append({**counts, "metric": "target_tokens", "value": 19200.0 + 40 * len(loop)})
                change = None if lost else 0.02 * number * (1 + gain.get(loop, 0.02))
                rows.append({**text, "metric": "bits_per_byte_change", **_interval(change, 0.008)})
            rows.append({**text, "metric": "bits_per_byte", **_interval(1.7, 0.2)})
    return pd.DataFrame(rows)


def loop_comparisons(table: pd.DataFrame, reference: str) -> pd.DataFrame:
    """The last rounds of loops, and their start, against the last round of one."""
    own = table[
        (table["tested"] == table["task"]) & (table["split"] == "test") & (table["metric"] == "accuracy")
    ]
    last = own[own["round"] == own["round"].max()]
    start = own[(own["round"] == 0) & (own["loop"] == reference)].assign(arm="lora-r16")
    last = last.assign(arm=last["loop"] + "-round-" + last["round"].astype(str))
    means = pd.concat([start, last]).assign(n_seeds=1, method="lora", rank=16)
    return arm_comparisons(means, f"{reference}-round-{own['round'].max()}")


def gates(cells: list[tuple]) -> pd.DataFrame:
    """Start adapters of which all but the first, if there are several, have something to find."""
    rows = []
    for place, (model, task, arm, seed) in enumerate(cells):
        value = 0.17 if place or len(cells) == 1 else 0.005
        names = {"model": model, "task": task, "arm": arm, "seed": seed, "split": "pool-1", "decoding": "cot"}
        rows.append(
            {
                **names,
                "greedy": 0.06,
                "oracle": 0.06 + value,
                **_interval(value, 0.06),
                "n_items": 128,
                "passed": value > 0.06,
            }
        )
    return pd.DataFrame(rows)


def reach(models: list[tuple], layers: int, heads: int, domains: dict) -> pd.DataFrame:
    """Reach and sink share of every head, in tokens and in characters."""
    rows = []
    for model, arm, number in models:
        for domain, (corpus, lang, centre) in domains.items():
            for layer in range(layers):
                for head in range(heads):
                    noise = _noise(domain, layer, head)
                    tokens = centre * math.exp(0.9 * _noise(layer, head) + 0.2 * noise)
                    values = [
                        ("token", "reach", tokens),
                        ("char", "reach", tokens * 3.4),
                        ("token", "null_reach", 63.5),
                        ("token", "sink_share", 0.85 * layer / layers * (0.8 + 0.2 * noise)),
                    ]
                    for unit, statistic, value in values:
                        rows.append(
                            {
                                "model": model,
                                "arm": arm,
                                "round": number,
                                "corpus": corpus,
                                "domain": domain,
                                "lang": lang,
                                "layer": layer,
                                "head": head,
                                "unit": unit,
                                "statistic": statistic,
                                **_interval(value, 0.05 * value),
                                "n_docs": 32,
                            }
                        )
    return pd.DataFrame(rows)


MATHS = ("maths", "eng_Latn")
DOMAINS = {
    "translation": ("catalogs", "eng_Latn>fra_Latn", 14),
    "maths": ("maths", "eng_Latn", 20),
    "code": ("python", "zxx_Zyyy", 25),
}


def _tokenizers(tokenizers: list, languages: dict, baseline: str, gold: list[str]) -> list:
    """Tables beside those of metrics, whose shape does not depend on values that are missing."""
    return [
        (tokenizer.PROBES, "tokenizer/probes.parquet", probes(tokenizers)),
        (tokenizer.MORPHS, "tokenizer/morphs.parquet", morphs(tokenizers, gold)),
        (
            tokenizer.COMPARISONS,
            "tokenizer/comparisons.parquet",
            comparisons(tokenizers, languages, baseline),
        ),
        *(
            (tokenizer.TRAINING, f"tokenizer/{one[0]}/training.parquet", training(*one, list(languages)))
            for one in tokenizers
            if one[3]
        ),
    ]


def _write(root: Path, tables: list, step_cells: list, count: int) -> None:
    for contract, path, frame in tables:
        contract.write(frame, root / "results" / path)
    for model, task, arm, rank, seed in step_cells:
        folder = root / "results" / "lora" / model / task / arm / f"seed-{seed}"
        lora.STEPS.write(steps((model, task, arm, rank, seed), count), folder / "steps.parquet")


# Arms of other methods, with the rank or width of each that has one.
METHODS = {"dora-r16": 16, "bottleneck-as-lora-r16": 141, "rac-r4": 4, "full": None, "ia3": None}


def write(root: Path) -> None:
    """The tables of a run larger than the default: three seeds of some arms, all methods, three loops."""
    ranks = [1, 4, 16, 64]
    cells = [(BASE, task, "base", None, 0) for task in ("arithmetic", "translate-fra")]
    cells += [
        (BASE, task, f"lora-r{rank}", rank, 0) for task in ("arithmetic", "translate-fra") for rank in ranks
    ]
    cells += [(BASE, "arithmetic", f"lora-r{rank}", rank, seed) for rank in ranks for seed in (1, 2)]
    cells += [(BASE, "arithmetic", arm, rank, 0) for arm, rank in METHODS.items()]
    failed = [(BASE, "arithmetic", "rslora-r64", 64, 0), (GRAFT, "translate-fra", "full", None, 1)]
    cells += [(GRAFT, "translate-fra", "base", None, 0), (GRAFT, "translate-fra", "lora-r16", 16, 0)]
    branched = [(BASE, "arithmetic", "base"), (BASE, "arithmetic", "lora-r16")]
    looped = rounds(
        [(BASE, "arithmetic", loop, 0) for loop in ("confidence", "random", "greedy", "gold")], n_rounds=2
    )
    curves, unequal = lorenz(TOKENIZERS, LANGUAGES)
    scored = scores(cells, branched)
    means = summary(scored)
    probed = [cell for cell in cells if cell[1] == "arithmetic" and cell[2] != "base" and cell[4] == 0]
    tables = [
        *_tokenizers(TOKENIZERS, LANGUAGES, BASE, ["fin_Latn", "tur_Latn"]),
        (
            tokenizer.METRICS,
            "tokenizer/metrics.parquet",
            pd.concat([metrics(TOKENIZERS, LANGUAGES), unequal]),
        ),
        (tokenizer.LORENZ, "tokenizer/lorenz.parquet", curves),
        (tokenizer.ZIPF, "tokenizer/zipf.parquet", zipf(TOKENIZERS, LANGUAGES)),
        (tokenizer.VOCABULARY, "tokenizer/vocabulary.parquet", vocabulary(TOKENIZERS, PARTS)),
        (
            BITS,
            "pretraining/bits.parquet",
            pd.concat(
                [
                    bits(pretrained(["universal", "european"]), STRANGE),
                    mixtures(BASE, [0, 1, 2], {"total": [0.125, 0.25, 0.5, 1], "text": [0.125, 0.25, 0.5]}),
                ]
            ),
        ),
        (lora.COSTS, "lora/costs.parquet", costs(cells, failed)),
        (
            lora.TUNING,
            "lora/tuning.parquet",
            tuning(
                [
                    (BASE, task, f"lora-r{rank}", rank)
                    for task in ("arithmetic", "translate-fra")
                    for rank in (1, 4, 16, 64)
                ],
                [3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1],
            ),
        ),
        (lora.MEMORY, "lora/memory.parquet", memory(probed, failed=["dora-r16"])),
        (SCORES, "evaluation/scores.parquet", scored),
        (SUMMARY, "evaluation/summary.parquet", means),
        (COMPARISONS, "evaluation/comparisons.parquet", arm_comparisons(means, "lora-r1")),
        (
            FORGETTING,
            "evaluation/forgetting.parquet",
            forgetting([cell for cell in cells if cell[0] == BASE], [("catalogs", "eng_Latn"), MATHS]),
        ),
        (ROUNDS, "selfimprove/rounds.parquet", looped),
        (COMPARISONS, "selfimprove/comparisons.parquet", loop_comparisons(looped, "confidence")),
        (
            GATES,
            "selfimprove/gate.parquet",
            gates([(BASE, "arithmetic", "lora-r16", seed) for seed in (0, 1)]),
        ),
        (attention.REACH, "attention/reach.parquet", reach([(BASE, "base", 0)], 30, 9, DOMAINS)),
        *theory_tables.full(BASE),
    ]
    _write(root, tables, [cell for cell in [*cells, *failed] if cell[2] != "base"], 150)


def write_tiny(root: Path) -> None:
    """The tables of a run as small as the test run: values are missing, a table has no rows."""
    languages = {lang: LANGUAGES[lang] for lang in ("eng_Latn", "jpn_Jpan")}
    tokenizers = [("bytebpe-300-tiny", "bytebpe", 300, "universal")]
    cells = [("tiny", "arithmetic", "base", None, 0)]
    cells += [("tiny", "arithmetic", f"lora-r{rank}", rank, 0) for rank in (1, 2)]
    measured = metrics(tokenizers, languages)
    measured.loc[(measured["lang"] == "jpn_Jpan"), ["value", "ci_low", "ci_high"]] = None
    nothing = pd.DataFrame(columns=list(tokenizer.LORENZ.columns))
    loop = [("tiny", "arithmetic", "confidence", 0)]
    scored = scores(cells, [])
    few = ("eng_Latn", "jpn_Jpan", "pol_Latn")
    needed = bits(
        pretrained(["universal"])[1:4], {text: value for text, value in STRANGE.items() if text[1] in few}
    )
    needed = pd.concat([needed, mixtures("tiny", [0], {"total": [0.5]})], ignore_index=True)
    needed.loc[needed["lang"].isin(["pol_Latn", "zxx_Zyyy"]), ["value", "ci_low", "ci_high"]] = None
    scored.loc[(scored["rank"] == 2), ["value", "ci_low", "ci_high"]] = None
    forgot = forgetting(cells, [MATHS])
    forgot.loc[(forgot["rank"] == 1), ["value", "ci_low", "ci_high"]] = None
    tables = [
        *_tokenizers(tokenizers, languages, BASE, []),
        (tokenizer.METRICS, "tokenizer/metrics.parquet", measured),
        (tokenizer.LORENZ, "tokenizer/lorenz.parquet", nothing),
        (tokenizer.ZIPF, "tokenizer/zipf.parquet", zipf(tokenizers, languages, fit=False)),
        (tokenizer.VOCABULARY, "tokenizer/vocabulary.parquet", vocabulary(tokenizers, {"bytes": 1.0})),
        (BITS, "pretraining/bits.parquet", needed),
        (lora.COSTS, "lora/costs.parquet", costs(cells)),
        (lora.TUNING, "lora/tuning.parquet", tuning([("tiny", "arithmetic", "lora-r2", 2)], [1e-3])),
        (lora.MEMORY, "lora/memory.parquet", memory(cells[1:2], energy=False)),
        (SCORES, "evaluation/scores.parquet", scored),
        (SUMMARY, "evaluation/summary.parquet", summary(scored)),
        (COMPARISONS, "evaluation/comparisons.parquet", arm_comparisons(summary(scored), "lora-r1").head(1)),
        (FORGETTING, "evaluation/forgetting.parquet", forgot),
        (
            ROUNDS,
            "selfimprove/rounds.parquet",
            rounds(loop, 1, TESTS[:1], defined=False),
        ),
        (
            COMPARISONS,
            "selfimprove/comparisons.parquet",
            loop_comparisons(rounds(loop, 1, TESTS[:1]), "confidence"),
        ),
        (GATES, "selfimprove/gate.parquet", gates([("tiny", "arithmetic", "lora-r4", 0)])),
        (
            attention.REACH,
            "attention/reach.parquet",
            reach([("tiny", "base", 0)], 2, 2, {"maths": DOMAINS["maths"]}),
        ),
        *theory_tables.tiny(),
    ]
    _write(root, tables, cells[1:], 3)


TABLES = {
    "metrics": "tokenizer/metrics.parquet",
    "zipf": "tokenizer/zipf.parquet",
    "vocabulary": "tokenizer/vocabulary.parquet",
    "lorenz": "tokenizer/lorenz.parquet",
    "comparisons": "tokenizer/comparisons.parquet",
    "probes": "tokenizer/probes.parquet",
    "morphs": "tokenizer/morphs.parquet",
    "bits": "pretraining/bits.parquet",
    "costs": "lora/costs.parquet",
    "tuning": "lora/tuning.parquet",
    "memory": "lora/memory.parquet",
    "scores": "evaluation/scores.parquet",
    "summary": "evaluation/summary.parquet",
    "arm_comparisons": "evaluation/comparisons.parquet",
    "forgetting": "evaluation/forgetting.parquet",
    "rounds": "selfimprove/rounds.parquet",
    "loop_comparisons": "selfimprove/comparisons.parquet",
    "gates": "selfimprove/gate.parquet",
    "reach": "attention/reach.parquet",
    "thresholds": "expressivity/thresholds.parquet",
    "convergence": "expressivity/convergence.parquet",
    "spectrum": "expressivity/spectrum.parquet",
    "updates": "expressivity/updates.parquet",
    "truncation": "expressivity/truncation.parquet",
    "cosines": "interference/cosines.parquet",
    "transfer": "interference/transfer.parquet",
}
# Those that have rows in any run: of tokenizers, and of the random models of papers.
ALWAYS = {"metrics", "zipf", "vocabulary", "lorenz", "comparisons", "probes", "morphs", "training"}
ALWAYS |= {"thresholds", "convergence"}
CORPUS = ["--corpus", "catalogs"]
LANGS = [*CORPUS, "--lang", "jpn_Jpan", "--reference", "eng_Latn"]
SPLIT = ["--split", "test"]
FIGURES = {
    "fertility": (["metrics"], CORPUS),
    "headline": (["metrics"], LANGS),
    "fairness": (["metrics"], LANGS),
    "lorenz": (["lorenz", "metrics"], CORPUS),
    "universality": (["comparisons", "training"], LANGS),
    "zipf": (["zipf", "metrics"], LANGS),
    "vocabulary": (["vocabulary"], []),
    "probes": (["probes"], []),
    "morphs": (["morphs"], []),
    "retok": (["bits"], CORPUS),
    "scratch": (["bits", "metrics"], CORPUS),
    "plasticity": (["bits"], CORPUS),
    "accuracy_by_rank": (["summary", "scores", "costs"], []),
    "arm_comparisons": (["arm_comparisons"], []),
    "memory_by_rank": (["memory"], []),
    "accuracy_by_memory": (["summary", "memory"], []),
    "throughput": (["memory"], []),
    "loss": (["costs", "steps"], []),
    "learning_rate": (["tuning"], []),
    "forgetting": (["forgetting", "scores"], CORPUS),
    "code_share": (["bits"], CORPUS),
    "decoding": (["summary"], []),
    "rounds": (["rounds", "loop_comparisons", "gates"], SPLIT),
    "behaviour": (["rounds"], SPLIT),
    "reach": (["reach"], []),
    "thresholds": (["thresholds"], []),
    "convergence": (["convergence"], []),
    "spectrum": (["spectrum", "updates"], []),
    "truncation": (["truncation"], []),
    "interference": (["cosines"], []),
    "transfer": (["transfer", "cosines"], []),
}


def write_empty(root: Path) -> None:
    """The tables of a run with tokenizers, but with nothing in the grids of later stages."""
    write_tiny(root)
    for name, path in TABLES.items():
        if name not in ALWAYS:
            pq.write_table(pq.read_table(root / "results" / path).slice(0, 0), root / "results" / path)
    for path in inputs(root, ["steps"]):
        path.unlink()  # there is a file for each training


def may_be_empty(tables: list[str]) -> bool:
    """Whether any of these tables has no rows where grids are empty."""
    return not ALWAYS.issuperset(tables)


def inputs(root: Path, tables: list[str]) -> list[Path]:
    """Paths of the named tables; steps and training stand for those of all cells and tokenizers."""
    results = root / "results"
    many = {"steps": "lora/*/*/*/seed-*/steps.parquet", "training": "tokenizer/*/training.parquet"}
    return [path for name in tables for path in sorted(results.glob(many.get(name) or TABLES[name]))]


def run(script: str, *arguments: object) -> None:
    """Run a script's command line in this process, which saves importing the drawing library each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [script, *map(str, arguments)])
        try:
            runpy.run_path(str(SCRIPTS / f"{script}.py"), run_name="__main__")
        except SystemExit as end:
            if end.code:
                raise RuntimeError(f"{script} ended with {end.code}") from None


def draw(root: Path, figure: str, formats: tuple[str, ...] = ("pdf", "svg", "png")) -> list[Path]:
    """Draw one figure from its tables; returns the files in the order of ``formats``."""
    tables, options = FIGURES[figure]
    outputs = [root / "results" / "paper" / "figures" / f"{figure}.{ending}" for ending in formats]
    named = [word for path in outputs for word in ("--output", path)]
    run(f"paper_plot_{figure}", *options, *named, *inputs(root, tables))
    return outputs


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (write_tiny if "--tiny" in sys.argv else write)(folder)
    for name in FIGURES:
        draw(folder, name)
