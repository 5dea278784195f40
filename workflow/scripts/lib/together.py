"""Cells that train in one process: which are trained along, and where their results wait for them.

A job that trains other cells along leaves what they came to on a shelf beside the cells' folders. Each
has a job of its own nevertheless, which finds the result there, by its identity, and publishes it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from lib.adaptation import saved
from lib.adaptation.arm import Arm
from lib.table import read_provenance

METHODS = ("lora", "rslora")  # whose adapters can read parts of one sequence side by side


class Files(NamedTuple):
    """What a training leaves; the table of costs is written last."""

    adapter: Path
    steps: Path
    cost: Path

    def come_from(self, identity: str) -> bool:
        """Whether all is there, of this very training."""
        return self.cost.is_file() and read_provenance(self.cost).get("identity") == identity


@dataclass(frozen=True)
class Cell:
    """One training of a grid.

    Attributes:
        arm: how.
        names: model, task, arm and seed.
        files: where its results go.
        how: all else that they depend on.
    """

    arm: Arm
    names: dict[str, Any]
    files: Files
    how: tuple[Any, ...]

    @property
    def identity(self) -> str:
        """A hash of all that decides the result, but for the machine."""
        return hashlib.sha256(json.dumps([asdict(self.arm), self.names, *self.how]).encode()).hexdigest()


class Shelf:
    """Results that wait for the jobs of their cells.

    Args:
        own: the cell of this job; its files are in a folder by model, task, arm and seed.
    """

    def __init__(self, own: Cell) -> None:
        self.own, self.folder = own, own.files.cost.parents[2] / ".together"

    def files(self, cell: Cell) -> Files:
        """Where the results of a cell wait."""
        place = self.folder / cell.names["arm"] / f"seed-{cell.names['seed']}"
        return Files(place / "adapter", place / "steps.parquet", place / "cost.parquet")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Within, no other job of this model and task decides what to train, or trains others along."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("note: waits for a job that may train this cell along", file=sys.stderr, flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
            except OSError:  # a file system without such locks
                pass
            yield

    def publish(self) -> bool:
        """Move the result of the own cell to its place, if it is there; whole or not at all."""
        found = self.files(self.own)
        if not found.come_from(self.own.identity):
            return False
        for name in (saved.SETTINGS, saved.WEIGHTS):
            _copy(found.adapter / name, self.own.files.adapter / name)
        _copy(found.steps, self.own.files.steps)
        _copy(found.cost, self.own.files.cost)
        shutil.rmtree(found.cost.parent)
        return True

    def group(self, plan: Path) -> list[Cell]:
        """The own cell, and those to train along with it, in the order of the plan.

        Cells whose results are there, at their place or on the shelf, are left out; the others are
        parted by the number that may share a process. So the cells of a group are the same whichever of
        them has the first job, and that of a job which goes on after a kill.

        Args:
            plan: a JSON file: ``pack``, how many share a process; ``cells``, of each its ``cell`` (names),
                ``arm``, and ``tuning``, the table that its learning rate comes from, if any.
        """
        planned = json.loads(plan.read_text(encoding="utf-8"))
        waiting = [cell for settings in planned["cells"] if (cell := self._sibling(**settings)) is not None]
        if self.own not in waiting:
            return [self.own]
        size = planned["pack"]
        first = waiting.index(self.own) // size * size
        return waiting[first : first + size]

    def _sibling(self, cell: dict[str, Any], arm: dict[str, Any], tuning: str | None) -> Cell | None:
        """A planned cell that waits for its training and can share a process with the own one, or none."""
        from lib.tuning import tuned

        own = self.own
        if any(cell[key] != own.names[key] for key in ("model", "task")) or arm["method"] not in METHODS:
            return None
        if tuning and not Path(tuning).is_file():
            return None
        root = own.files.cost.parents[2] / cell["arm"] / f"seed-{cell['seed']}"
        files = Files(root / "adapter", root / "steps.parquet", root / "cost.parquet")
        found = replace(own, arm=tuned(Arm(**arm), tuning and Path(tuning)), names=cell, files=files)
        if found.identity == own.identity:
            return own
        if found.arm.learning_rate is None:  # its own job says why
            return None
        there = (files, self.files(found))
        return None if any(one.come_from(found.identity) for one in there) else found


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    shutil.copyfile(source, partial)
    os.replace(partial, target)
