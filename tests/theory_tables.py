"""Made-up tables of the stages expressivity and interference, for the figures that are drawn from them."""

from __future__ import annotations

import itertools
from zlib import crc32

import numpy as np
import pandas as pd

from lib.contracts import expressivity, interference

KINDS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def _noise(*key: object) -> float:
    """A number in (-1, 1) that depends on nothing but the key."""
    return np.random.default_rng(crc32(repr(key).encode())).uniform(-1, 1)


def thresholds(seeds: int) -> pd.DataFrame:
    """Errors that fall slowly, and to nothing at the threshold; those of training stay."""
    rows = []
    kinds = [("linear", 1), ("linear", 2), ("linear", 4), ("feedforward", 4), ("transformer", 1)]
    for (model, depth), seed in itertools.product([*kinds, ("transformer", 2)], range(seeds)):
        linear = model == "linear"
        threshold = 16 // depth if linear else 8
        key = {"model": model, "depth": depth, "dimension": 16, "threshold": threshold, "seed": seed}
        key["measure"] = "spectral norm" if linear else "relative mean squared error"
        for rank in range(1, min(16, threshold + 1) + 1):
            error = (1.1 - rank / threshold) * (2 + 0.3 * _noise(model, depth, seed))
            exact = (1e-14 if linear else 1e-25) * 10 ** _noise(model, depth, seed, rank)
            done = rank >= threshold
            rows.append({**key, "rank": rank, "how": "constructed", "error": exact if done else error})
            if linear:
                rows.append({**key, "rank": rank, "how": "bound", "error": 0.0 if done else error})
            if rank in (1, 2, 4, threshold - 1, threshold):
                rows.append({**key, "rank": rank, "how": "trained", "error": 0.2 + 0.8 * max(error, 0)})
    return pd.DataFrame(rows)


def convergence() -> pd.DataFrame:
    """Chains on their theory, and methods of which some stop or diverge."""
    rows = []
    for rank, step in itertools.product((1, 2, 4, 8), range(21)):
        value = (1 - rank / 16) ** step
        spread = {"mean": value, "low": 0.8 * value, "median": value, "high": 1.2 * value}
        facts = {"standard_error": 0.01 * value, "theory": value, "n_runs": 400, "n_diverged": 0}
        rows.append({"problem": "isotropic", "method": "rac", "rank": rank, "step": step, **spread, **facts})
    falls = {"full": 0.2, "lora": 0.0, "cola": 0.03, "asymmetric": 0.0, "rac": 0.07}
    for method, step in itertools.product(falls, range(0, 301, 5)):
        value = 0.2 + 0.8 * 0.5**step if falls[method] == 0 else np.exp(-falls[method] * step)
        lost = {"lora": min(40, step), "cola": step}.get(method, 0)
        diverged = lost > 150
        spread = {
            "low": value / 2,
            "median": None if diverged else value,
            "high": None if lost else 2 * value,
        }
        mean = {"mean": None if lost else value, "standard_error": None if lost else 0.01 * value}
        key = {"problem": "counterexample", "method": method, "rank": 3 if method == "full" else 1}
        facts = {"theory": None, "n_runs": 400, "n_diverged": lost}
        rows.append({**key, "step": step, **spread, **mean, **facts})
    return pd.DataFrame(rows)


def updates(cells: list, layers: int, width: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Singular values that fall as a power, and the rows of the matrices that have them."""
    values, matrices = [], []
    for (model, task, seed), layer, kind in itertools.product(cells, range(layers), KINDS):
        name = f"model.layers.{layer}.{kind}"
        key = {"model": model, "task": task, "seed": seed, "matrix": name, "layer": layer, "kind": kind}
        full = width // 3 if kind in ("k_proj", "v_proj") else width
        falling = np.arange(1, full + 1) ** -(0.6 + 0.2 * _noise(kind, layer))
        energy = np.cumsum(falling**2) / np.sum(falling**2)
        for index in sorted({*range(1, min(full, 9)), *np.geomspace(1, full, 12).astype(int).tolist()}):
            residual = float(np.sqrt(max(0.0, 1 - energy[index - 1])))
            value = {"singular_value": falling[index - 1], "residual": residual}
            values.append({**key, "index": index, **value})
        ranks = {f"rank_{share}": int(np.searchsorted(energy, share / 100 - 1e-12) + 1) for share in (90, 99)}
        norms = {"norm": 20.0, "update_norm": 0.3, "stable_rank": float(np.sum(falling**2))}
        matrices.append({**key, "rows": full, "columns": width, **norms, **ranks})
    return pd.DataFrame(values), pd.DataFrame(matrices)


def truncation(cells: list, ranks: list[int], arms: dict[str, int], width: int) -> pd.DataFrame:
    """Losses from that of the base to that of the full fine-tuning; adapters a little above them."""
    rows = []

    def add(cell: tuple, how: str, arm: str | None, rank: int | None, distance: float) -> None:
        model, task, seed = cell
        key = {"model": model, "task": task, "seed": seed, "how": how, "arm": arm, "rank": rank}
        for metric, value in (("nll", 0.6 + distance), ("kl", distance)):
            interval = {"value": value, "ci_low": 0.9 * value, "ci_high": 1.1 * value}
            facts = {"width": width, "split": "test", "n_items": 100}
            rows.append({**key, **facts, "metric": metric, **interval})

    for cell in cells:
        add(cell, "base", None, None, 1.5)
        add(cell, "full", "full", None, 0.0)
        for rank in ranks:
            add(cell, "truncated", "full", rank, 0.0 if rank >= width else 1.4 / (1 + rank) ** 1.3)
        for arm, rank in arms.items():
            add(cell, "trained", arm, rank, 0.05 + 1.4 / (1 + rank) * (1 + 0.2 * _noise(cell, arm)))
    return pd.DataFrame(rows, columns=list(expressivity.TRUNCATION.columns))


def cosines(models: list[str], tasks: list[str], layers: int, known: bool) -> pd.DataFrame:
    """Cosines of all groups; without ``known`` the first task does not agree with itself."""
    rows = []
    groups = [("model", "all"), *(("layer", str(layer)) for layer in range(layers))]
    groups += [("kind", kind) for kind in KINDS]
    for model, (grouped, group) in itertools.product(models, groups):
        for task, other in itertools.combinations_with_replacement(tasks, 2):
            ceiling = None if not known and tasks[0] in (task, other) else 0.7
            value = 0.7 if task == other else 0.6 * _noise(model, group, task, other)
            corrected = None if ceiling is None else value / ceiling
            row = {"cosine": value, "cosine_low": value - 0.1, "cosine_high": value + 0.1, "ceiling": ceiling}
            row |= {"corrected": corrected}
            row |= {f"corrected_{end}": corrected for end in ("low", "high")}
            key = {"model": model, "split": "dev", "grouped": grouped, "group": group}
            rows.append({**key, "task": task, "other": other, **row, "n_batches": 8, "n_items": 32})
    return pd.DataFrame(rows, columns=list(interference.COSINES.columns))


def transfer(models: list[str], tasks: list[str]) -> pd.DataFrame:
    """Steps that help their own task most."""
    rows = []
    for model, task, other in itertools.product(models, tasks, tasks):
        value = 0.2 if task == other else 0.05 * _noise(model, task, other)
        key = {"model": model, "split": "dev", "task": task, "other": other, "step": 3e-5}
        losses = {"loss_before": 2.0, "loss_after": 2 * (1 - value), "transfer": value}
        rows.append({**key, **losses, "ci_low": value - 0.02, "ci_high": value + 0.02, "n_items": 16})
    return pd.DataFrame(rows, columns=list(interference.TRANSFER.columns))


def full(model: str) -> list[tuple]:
    """Contract, path and rows of all tables, as a study writes them."""
    cells = [(model, "arithmetic", 0), (model, "arithmetic", 1), (model, "translate-fra", 0)]
    tasks = ["arithmetic", *(f"translate-{lang}" for lang in ("deu", "fra", "spa", "rus", "jpn"))]
    ranks, arms = [0, 1, 4, 16, 64, 288, 576], {"lora-r1": 1, "lora-r4": 4, "lora-r16": 16, "lora-r64": 64}
    spectrum, matrices = updates(cells, 30, 576)
    return [
        *_theory(5),
        (expressivity.SPECTRUM, "expressivity/spectrum.parquet", spectrum),
        (expressivity.UPDATES, "expressivity/updates.parquet", matrices),
        (expressivity.TRUNCATION, "expressivity/truncation.parquet", truncation(cells, ranks, arms, 576)),
        (interference.COSINES, "interference/cosines.parquet", cosines([model], tasks, 30, known=True)),
        (interference.TRANSFER, "interference/transfer.parquet", transfer([model], tasks)),
    ]


def tiny() -> list[tuple]:
    """The same as the test run writes them: nothing is fine-tuned in full, and a task has no ceiling."""
    models, tasks = ["tiny"], ["arithmetic", "translate-fra"]
    nothing = {
        name: pd.DataFrame(columns=list(table.columns))
        for name, table in (("spectrum", expressivity.SPECTRUM), ("updates", expressivity.UPDATES))
    }
    return [
        *_theory(2),
        (expressivity.SPECTRUM, "expressivity/spectrum.parquet", nothing["spectrum"]),
        (expressivity.UPDATES, "expressivity/updates.parquet", nothing["updates"]),
        (expressivity.TRUNCATION, "expressivity/truncation.parquet", truncation([], [], {}, 64)),
        (interference.COSINES, "interference/cosines.parquet", cosines(models, tasks, 2, known=False)),
        (interference.TRANSFER, "interference/transfer.parquet", transfer(models, tasks)),
    ]


def _theory(seeds: int) -> list[tuple]:
    return [
        (expressivity.THRESHOLDS, "expressivity/thresholds.parquet", thresholds(seeds)),
        (expressivity.CONVERGENCE, "expressivity/convergence.parquet", convergence()),
    ]
