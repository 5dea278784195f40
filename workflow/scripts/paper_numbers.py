"""Write each number that a text may quote into a file of its own, like 5.0 for a greedy accuracy in percent.

Example:
    python workflow/scripts/paper_numbers.py --corpus catalogs --lang jpn_Jpan \
        --metrics results/tokenizer/metrics.parquet --comparisons results/tokenizer/comparisons.parquet \
        --bits results/pretraining/bits.parquet --scores results/evaluation/scores.parquet \
        --summary results/evaluation/summary.parquet \
        --arm-comparisons results/evaluation/comparisons.parquet \
        --arm-comparisons results/selfimprove/comparisons.parquet \
        --costs results/lora/costs.parquet --memory results/lora/memory.parquet \
        --rounds results/selfimprove/rounds.parquet --reach results/attention/reach.parquet \
        --output results/paper/numbers

READS   the tables above
WRITES  a folder with one number a file, n/a for what has no value:
        {tokens_per_word,premium}_{lang}_{tokenizer}.txt                  of the language given
        gini_{tokenizer}.txt                                              over the languages of the corpus
        tokens_{lang}_{tokenizer}_over_{baseline}.txt                     of every language of the corpus
        {bits_per_byte,change,difference,code_effect}_{corpus}_{lang}_{model}_{arm}_seed-{seed}.txt
        {metric}_{model}_{task}_{arm}_seed-{seed}_{decoder}.txt           in the units of lib/paper/labels.py
        {metric}_{model}_{task}_{arm}_{decoder}.txt                       the same over seeds
        {metric,p,p_holm,detectable}_{model}_{task}_{arm}_above_{reference}_{decoder}.txt
        {metric}_{model}_{task}_{loop}_seed-{seed}_round-{round}_{tested}-{split}_{decoder}.txt
        {peak,optimizer}_{model}_{task}_{arm}_seed-{seed}.txt             peak in GiB, optimizer state in MiB
        {peak,predicted_peak}_{model}_{task}_{arm}_{phase}.txt            alone on the machine, in GiB
        {tokens_per_second,joules_per_token}_{model}_{task}_{arm}_{phase}.txt
        seconds_per_step_{model}_{task}_{arm}_train.txt
        {reach,sink_share}_{model}_{arm}_round-{round}_{domain}.txt       median head; tokens, percent
"""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lib.cli import main
from lib.contracts.attention import REACH
from lib.contracts.bits import LANGUAGES as BITS
from lib.contracts.lora import COSTS, FINISHED, MEMORY
from lib.contracts.scores import COMPARISONS as ARM_COMPARISONS
from lib.contracts.scores import ROUNDS, SCORES, SUMMARY
from lib.contracts.tokenizer import COMPARISONS, METRICS
from lib.paper import labels
from lib.progress import Work

if TYPE_CHECKING:
    import pandas as pd

GIB, MIB = 2**30, 2**20


def numbers(
    corpus: Annotated[str, typer.Option(help="Corpus that is shown, like catalogs.")],
    lang: Annotated[str, typer.Option(help="Language whose tokenizer metrics are wanted, like jpn_Jpan.")],
    metrics: Annotated[Path, typer.Option(help="Tokenizer metrics.")],
    comparisons: Annotated[Path, typer.Option(help="Comparisons of tokenizers.")],
    bits: Annotated[Path, typer.Option(help="Bits by language.")],
    scores: Annotated[Path, typer.Option(help="Scores of the evaluation.")],
    summary: Annotated[Path, typer.Option(help="Scores over seeds.")],
    arm_comparisons: Annotated[
        list[Path], typer.Option(help="Paired differences of arms, and of loops. Repeatable.")
    ],
    costs: Annotated[Path, typer.Option(help="Training costs.")],
    memory: Annotated[Path, typer.Option(help="Memory and speed of each arm by phase.")],
    rounds: Annotated[Path, typer.Option(help="Scores of the self-improvement rounds.")],
    reach: Annotated[Path, typer.Option(help="Attention reach by head.")],
    output: Annotated[Path, typer.Option(help="Folder to write; replaced as a whole.")],
) -> None:
    """Write each number that a text may quote into a file of its own."""
    with Work("paper_numbers", 1, "folders"):
        found = {
            **_languages(METRICS.read(metrics), corpus, lang),
            **_compared(COMPARISONS.read(comparisons), corpus),
            **_bits(BITS.read(bits)),
            **_scores(SCORES.read(scores), "{model}_{task}_{arm}_seed-{seed}_{decoder}"),
            **_scores(SUMMARY.read(summary), "{model}_{task}_{arm}_{decoder}"),
            **_differences(ARM_COMPARISONS.read(*arm_comparisons)),
            **_costs(COSTS.read(costs)),
            **_phases(MEMORY.read(memory)),
            **_rounds(ROUNDS.read(rounds)),
            **_heads(REACH.read(reach)),
        }
        partial = output.with_name(f".partial-{output.name}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name, text in sorted(found.items()):
            (partial / f"{name}.txt").write_text(text, encoding="utf-8")
        shutil.rmtree(output, ignore_errors=True)
        os.replace(partial, output)


def _text(value: float, digits: int) -> str:
    return "n/a" if math.isnan(value) else f"{value:.{digits}f}"


def _languages(table: pd.DataFrame, corpus: str, lang: str) -> dict[str, str]:
    here = table[table["corpus"] == corpus]
    rows = here[(here["lang"] == lang) & here["metric"].isin(["tokens_per_word", "premium"])]
    found = {f"{row.metric}_{lang}_{row.tokenizer}": _text(row.value, 2) for row in rows.itertuples()}
    unequal = here[here["metric"] == "gini"]
    return found | {f"gini_{row.tokenizer}": _text(row.value, 3) for row in unequal.itertuples()}


def _compared(table: pd.DataFrame, corpus: str) -> dict[str, str]:
    rows = table[table["corpus"] == corpus].to_dict("records")
    return {"tokens_{lang}_{tokenizer}_over_{baseline}".format(**row): _text(row["value"], 3) for row in rows}


def _bits(table: pd.DataFrame) -> dict[str, str]:
    metrics = ["bits_per_byte", "change", "difference", "code_effect"]
    rows = table[table["metric"].isin(metrics)].to_dict("records")
    return {
        "{metric}_{corpus}_{lang}_{model}_{arm}_seed-{seed}".format(**row): _text(row["value"], 3)
        for row in rows
    }


def _scores(table: pd.DataFrame, name: str) -> dict[str, str]:
    rows = labels.shown(table).to_dict("records")
    return {
        f"{row['metric']}_{name.format(**row)}": _text(row["value"], labels.METRICS[row["metric"]].digits)
        for row in rows
    }


def _rounds(table: pd.DataFrame) -> dict[str, str]:
    name = "{model}_{task}_{loop}_seed-{seed}_round-{round}_{test}_{decoder}"
    test = table["tested"].fillna("pool") + ("-" + table["split"]).fillna("")
    return _scores(table.assign(test=test), name)


def _differences(table: pd.DataFrame) -> dict[str, str]:
    found = {}
    for row in labels.shown(table).to_dict("records"):
        pair = "{model}_{task}_{arm}_above_{reference}_{decoder}".format(**row)
        digits = labels.METRICS[row["metric"]].digits
        found[f"{row['metric']}_{pair}"] = _text(row["value"], digits)
        found[f"detectable_{pair}"] = _text(row["detectable"], digits)
        for name, column in (("p", "p_value"), ("p_holm", "p_holm")):
            found[f"{name}_{pair}"] = "<0.0001" if row[column] < 0.0001 else _text(row[column], 4)
    return found


def _phases(table: pd.DataFrame) -> dict[str, str]:
    found = {}
    for row in table[table["status"] == FINISHED].to_dict("records"):
        phase = "{model}_{task}_{arm}_{phase}".format(**row)
        found[f"peak_{phase}"] = _text(row["peak_bytes"] / GIB, 2)
        if row["phase"] == "train":
            found[f"predicted_peak_{phase}"] = _text(row["predicted_peak_bytes"] / GIB, 2)
            found[f"seconds_per_step_{phase}"] = _text(row["seconds_per_step"], 2)
        if row["phase"] != "load":
            found[f"tokens_per_second_{phase}"] = _text(row["tokens_per_second"], 0)
            found[f"joules_per_token_{phase}"] = _text(row["joules"] / row["tokens"], 3)
    return found


def _costs(table: pd.DataFrame) -> dict[str, str]:
    found = {}
    for row in table[table["status"] == FINISHED].to_dict("records"):
        cell = "{model}_{task}_{arm}_seed-{seed}".format(**row)
        found[f"peak_{cell}"] = _text(row["peak_bytes_train"] / GIB, 2)
        found[f"optimizer_{cell}"] = _text(row["optimizer_bytes"] / MIB, 1)
    return found


def _heads(table: pd.DataFrame) -> dict[str, str]:
    found = {}
    table = table[table["unit"] == "token"]
    for statistic, factor in (("reach", 1), ("sink_share", 100)):
        rows = table[table["statistic"] == statistic]
        for (model, arm, number, domain), part in rows.groupby(["model", "arm", "round", "domain"]):
            name = f"{statistic}_{model}_{arm}_round-{number}_{domain}"
            found[name] = _text(factor * part["value"].median(), 1)
    return found


if __name__ == "__main__":
    main(numbers)
