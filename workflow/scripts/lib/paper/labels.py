"""Names, units and order of what figures and tables show, so that all of them agree."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from lib import languages
from lib.contracts.lora import FINISHED
from lib.grid import BASE

if TYPE_CHECKING:
    import pandas as pd


class Metric(NamedTuple):
    """How a metric is shown: its name with the unit, and the factor from the table to that unit."""

    label: str
    factor: float
    digits: int


METRICS = {
    "accuracy": Metric("accuracy (%)", 100, 1),
    "chrf": Metric("chrF (0 to 100)", 1, 1),
    "accuracy_gain": Metric("accuracy above greedy (points)", 100, 1),
    "answered": Metric("answered (%)", 100, 1),
    "chain": Metric("greedy output with a chain (%)", 100, 1),
    "tokens": Metric("tokens decoded for a question", 1, 1),
    "precision": Metric("right among the selected (%)", 100, 1),
    "examples": Metric("chains selected", 1, 0),
    "target_tokens": Metric("target tokens trained on", 1, 0),
    "auroc": Metric("AUROC, all branches", 1, 2),
    "auroc_within": Metric("AUROC within a question", 1, 2),
    "pass_at_1": Metric("right in 1 branch (%)", 100, 1),
    "pass_at_5": Metric("right in 5 branches (%)", 100, 1),
    "pass_at_10": Metric("right in 10 branches (%)", 100, 1),
    "distinct_branches": Metric("distinct branches of a question", 1, 1),
    "distinct_answers": Metric("distinct answers to a question", 1, 1),
    "bits_per_byte": Metric("bits per byte", 1, 3),
    "bits_per_byte_change": Metric("bits per byte above the start", 1, 3),
}
MAIN = ("accuracy", "chrf")  # the first of these that a task was scored with is the one that figures show

GREEDY = "greedy"  # of choices, the likeliest
PER_BYTE = "per-byte"  # of choices, the likeliest per byte
DECODINGS = {"cot": "CoT-decoding"}  # blocks of the config that are not called by their name
SELECTIONS = {
    "first": "first branch",
    "max": "max",
    "aggregate": "aggregate",
    "vote": "majority vote",
    "oracle": "oracle",
}

# ISO 639-3 for what is not in a human language, like code, and for what declares none, like a task.
NO_LANGUAGE = ("zxx", "und")
POOLED = "mul_Zyyy"  # all languages of a corpus together


def decoder(name: str) -> str:
    """What a decoder is called: greedy, or a decoding and how one of its branches is selected."""
    if name in (GREEDY, PER_BYTE):
        return {GREEDY: "greedy", PER_BYTE: "likelihood per byte"}[name]
    return f"{decoding(name)}, {SELECTIONS[name.rpartition('-')[2]]}"


def decoding(decoder: str) -> str:
    """What the decoding of a decoder is called."""
    name = decoder.rpartition("-")[0]
    return DECODINGS.get(name, name) or GREEDY


def decoders(names: Iterable[str]) -> list[str]:
    """The decoders among these that select from branches, each once: greedy, then decoding by decoding."""
    parts = {name: name.rpartition("-") for name in names}
    blocks = list(dict.fromkeys(block for block, _, _ in parts.values()))
    order = {
        (block, selection): place for place, (block, selection) in enumerate(product(blocks, SELECTIONS))
    }
    selecting = [name for name, (block, _, selection) in parts.items() if (block, selection) in order]
    selecting.sort(key=lambda name: order[parts[name][0], parts[name][2]])
    return [*([GREEDY] if GREEDY in parts else []), *selecting]


def language(code: str) -> str:
    """English name of a language given as jpn_Jpan."""
    return "all languages" if code == POOLED else languages.name_of(code)


def script(code: str) -> str:
    """English name of a script given as Latn; Jpan stands for Han and kana in one token."""
    import icu

    return "Han with kana" if code == "Jpan" else icu.Script(icu.Script.getCode(code)[0]).getName()


def own_name(code: str) -> str:
    """What the speakers of a language call it, like 日本語; its English name where ICU knows no other."""
    import icu

    locale = icu.Locale.forLanguageTag(code.replace("_", "-"))
    return locale.getDisplayLanguage(locale) or language(code)


def texts(measured: Iterable[tuple[str, str]], main: str) -> dict[tuple[str, str], str]:
    """What measured texts are called, by corpus and language: no two alike.

    Args:
        measured: corpus and language of each.
        main: the corpus that goes without saying.

    Returns:
        the language; also the corpus, unless it is the main one; also the script, where two texts
        would have the same name; the corpus or task alone for what is in no human language.
    """
    names = {}
    for corpus, lang in sorted(set(measured)):
        if lang.split("_")[0] in NO_LANGUAGE:
            names[corpus, lang] = corpus
        else:
            names[corpus, lang] = language(lang) + ("" if corpus == main else f" ({corpus})")
    taken = Counter(names.values())
    return {
        text: f"{name}, {text[1].split('_')[1]}" if taken[name] > 1 else name for text, name in names.items()
    }


def without_code(bits: pd.DataFrame) -> pd.DataFrame:
    """Bits of arms that compare tokenizers: without those of blocks that mix code into their text."""
    return bits[bits["share"].isna()]


def tokenizers(metrics: pd.DataFrame) -> list[str]:
    """Tokenizers in the order of figures: pretrained ones first, then by mix, family and vocabulary size."""
    columns = ["tokenizer", "family", "vocab_size", "mix"]
    frame = metrics[columns].drop_duplicates().fillna({"mix": ""})
    return list(
        frame.sort_values(["mix", "family", "vocab_size", "tokenizer"])["tokenizer"].drop_duplicates()
    )


def mixes(metrics: pd.DataFrame) -> dict[str, str]:
    """The language mix of each tokenizer, in the order of figures; "pretrained" for those that have none."""
    found = metrics.drop_duplicates("tokenizer").set_index("tokenizer")["mix"].fillna("pretrained")
    return {name: found[name] for name in tokenizers(metrics)}


def wrapped(name: str, width: int = 12) -> str:
    """A name of parts joined by - or +, broken into lines of at most ``width`` characters at the joints."""
    lines = [""]
    for part in name.replace("+", "-+").split("-"):
        joined = f"{lines[-1]}-{part}" if lines[-1] else part
        if len(joined) <= width and not part.startswith("+"):
            lines[-1] = joined
        else:
            lines.append(part)
    return "\n".join(line for line in lines if line)


def natural(name: str) -> list[tuple[int, str]]:
    """Sorting key by which r4 stands before r16, and 4k before 16k."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def block(arm: str) -> str:
    """The family of arms that differ only in rank: lora-r8 belongs to lora."""
    name, separator, rank = arm.rpartition("-r")
    return name if separator and rank.isdigit() else arm


def panels(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Tasks and models of a table, a panel each, in order."""
    return sorted(set(zip(rows["task"], rows["model"], strict=True)))


def arms(rows: pd.DataFrame) -> list[str]:
    """Arms of a table in the order of figures: the base first, then by name and rank."""
    return sorted(set(rows["arm"]), key=lambda arm: (arm != BASE, natural(arm)))


def in_order(rows: pd.DataFrame) -> Iterator[list[dict[str, Any]]]:
    """Rows of each task and model together, in the order of :func:`arms` and :func:`decoders`."""
    places = {decoder: place for place, decoder in enumerate(decoders(rows["decoder"]))}
    for task, model in panels(rows):
        part = rows[(rows["task"] == task) & (rows["model"] == model) & rows["decoder"].isin(places)]
        ranked = {arm: place for place, arm in enumerate(arms(part))}
        order = part.assign(first=part["arm"].map(ranked), second=part["decoder"].map(places))
        yield order.sort_values(["first", "second"]).to_dict("records")


def outcome(cost: dict[str, Any]) -> str:
    """The arm of a row of costs; where the training failed also how, like ``lora-r8 (diverged)``."""
    return cost["arm"] if cost["status"] == FINISHED else f"{cost['arm']} ({cost['status']})"


def name(metric: str) -> str:
    """A metric without its unit."""
    return METRICS[metric].label.split(" (")[0]


def above(metric: str, reference: str) -> str:
    """Label of a difference from a reference, like ``accuracy above lora-r1 (points)``."""
    return f"{name(metric)} above {reference} (points)"


def failed(costs: pd.DataFrame) -> list[str]:
    """Trainings that came to no adapter, and why, like ``m on arithmetic, lora-r8 (diverged), seed 0``."""
    rows = costs[costs["status"] != FINISHED].sort_values(["model", "task", "arm", "seed"])
    return [
        f"{row['model']} on {row['task']}, {outcome(row)}, seed {row['seed']}"
        for row in rows.to_dict("records")
    ]


def shown(scores: pd.DataFrame) -> pd.DataFrame:
    """The scores that are in METRICS, with all that has their unit in the unit that is shown."""
    rows = scores[scores["metric"].isin(METRICS)].copy()
    factors = rows["metric"].map({name: metric.factor for name, metric in METRICS.items()}).astype(float)
    for column in rows.columns.intersection(["value", "ci_low", "ci_high", "detectable"]):
        rows[column] = rows[column].astype(float) * factors
    return rows


def main_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Of each task only the rows of the metric that stands for it, as :func:`shown`."""
    rows = shown(scores)
    present = rows.groupby("task")["metric"].agg(set)
    chosen = {
        task: next((name for name in MAIN if name in metrics), None) for task, metrics in present.items()
    }
    return rows[rows["metric"] == rows["task"].map(chosen)].reset_index(drop=True)
