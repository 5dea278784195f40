"""LoRA trained by Adam on the paper's models: what optimisation makes of what could be expressed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lib.expressivity.paper_model import PaperModel

if TYPE_CHECKING:
    from lib.expressivity.paper_model import Weights

BATCH = 16  # inputs of a step, fresh ones each time


def trained(
    model: PaperModel, ranks: Sequence[int], rate: float, steps: int, report: Callable[[int], None]
) -> Weights:
    """The frozen weights with updates B A that Adam found, and biases that it trained freely.

    All ranks and seeds are trained at once, and none changes another: factors have room for the highest
    rank, and columns beyond a run's own are zero in A and in B, whose gradients then stay zero too.

    Args:
        model: of one kind and depth, with its target.
        ranks: R of each run.
        rate: learning rate, which falls to zero as a cosine.
        steps: of Adam.
        report: called after each step with 1.

    Returns:
        weights with the ranks as a further axis in front, shape (ranks, S, ..., D, D).
    """
    import torch

    inside = torch.arange(max(ranks)) < torch.tensor(ranks)[:, None]
    down, up = {}, {}
    for name in model.low_rank:
        shape = model.frozen[name].shape
        drawn = model.normal(f"A {name}", *shape[1:-1], max(ranks)) / math.sqrt(model.dimension)
        kept = inside.view(len(ranks), *[1] * (len(shape) - 1), max(ranks))
        down[name] = (drawn * kept).requires_grad_()
        up[name] = torch.zeros_like(down[name]).requires_grad_()
    biases = {
        name: model.frozen[name].expand(len(ranks), -1, -1, -1).clone().requires_grad_()
        for name in model.free
    }
    optimizer = torch.optim.Adam([*down.values(), *up.values(), *biases.values()], lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)

    def weights() -> Weights:
        updates = {name: model.frozen[name] + up[name] @ down[name].mT for name in model.low_rank}
        return model.frozen | biases | updates

    for step in range(steps):
        optimizer.zero_grad()
        model.distance(weights(), model.inputs(BATCH, f"step {step}")).sum().backward()
        optimizer.step()
        schedule.step()
        report(1)
    return {name: weight.detach() for name, weight in weights().items()}
