"""Do tasks pull a model's weights the same way? Gradients of tasks compared, and steps along them.

Cosines between gradients of tasks are what gradient surgery acts on (Yu et al. 2020, PCGrad), and what was
found to go with the likeness of languages (Wang et al. 2021, Gradient Vaccine). Here they are of the weights
that adapters update, not of an adapter's factors, whose gradients depend on a basis.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lib.adaptation.targets import sizes
from lib.cli import UserError
from lib.contracts.task import ITEMS
from lib.intervals import resamples_of
from lib.models.lm import training_rows
from lib.models.side_by_side import share_sequences
from lib.packing import Row, chunks, pack, target_loss
from lib.seeds import derive

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    Modules = Mapping[str, torch.nn.Module]

CHUNK_TOKENS = 256  # that go through the model at once
PASS_BYTES = 3 * 2**29  # of what is held at a time to form gradients from


def drawn(
    tokenizer: PreTrainedTokenizerBase, tables: Mapping[str, Path], count: int, chats: Collection[str] = ()
) -> dict[str, list[Row]]:
    """So many items of each task as training rows, a draw.

    Args:
        tokenizer: of the model.
        tables: table of items of each task (contract task.ITEMS).
        count: items of each.
        chats: tasks whose prompts are put into the model's chat template.

    Raises:
        UserError: a task has fewer.
    """
    found = {}
    for task, table in tables.items():
        items = ITEMS.read(table).sort_values("item_id").head(count)  # the names are hashes
        if len(items) < count:
            raise UserError(
                f"{table}: {len(items)} items of task {task}, {count} are needed; lower interference.batches "
                f"or interference.rows, or raise tasks.{task}.items"
            )
        found[task] = training_rows(tokenizer, items["prompt"], items["target"], task in chats)
    return found


class Comparison(NamedTuple):
    """T tasks compared, in each of some samples of their batches.

    Attributes:
        cosine: (samples, T, T), between mean gradients over half as many batches as there are, of two tasks;
            on the diagonal of a task and itself, from two halves that share no batch.
        ceiling: (samples, T, T), the most that noise lets be seen: the root of the product of both tasks'
            cosines with themselves; NaN where a task does not agree with itself.
    """

    cosine: np.ndarray
    ceiling: np.ndarray

    @property
    def corrected(self) -> np.ndarray:
        """What the cosine would be without noise (Spearman 1904): 1 on the diagonal."""
        return self.cosine / self.ceiling


def compared(inner: np.ndarray, counts: np.ndarray) -> Comparison:
    """Cosines between tasks from inner products between the gradients of their batches.

    All ways to take halves are averaged over, in numerators and norms, so that none is drawn.

    Args:
        inner: (T, B, T, B), inner products of the gradients of B batches of each task; B is even.
        counts: (samples, T, B), how often each batch is in a sample; ones for all batches. A batch is never
            paired with itself: in two halves it would pass noise off as agreement.
    """
    tasks, batches = inner.shape[:2]
    own = inner[np.arange(tasks), :, np.arange(tasks)]  # (T, B, B)
    squares = np.einsum("tbb->tb", own)
    between = np.einsum("sib,ibjc,sjc->sij", counts, inner, counts) / batches**2
    pairs = counts.sum(-1) ** 2 - np.square(counts).sum(-1)
    agreed = np.einsum("stb,tbc,stc->st", counts, own, counts) - np.einsum("stb,tb->st", counts**2, squares)
    with np.errstate(divide="ignore", invalid="ignore"):
        agreed = agreed / pairs  # |mean gradient|^2 without noise
        half = batches // 2
        norms = np.einsum("stb,tb->st", counts, squares) / batches / half + agreed * (half - 1) / half
        diagonal = np.arange(tasks)
        between[:, diagonal, diagonal] = agreed
        cosine = between / np.sqrt(norms[:, :, None] * norms[:, None])
        own_cosine = np.where(agreed > 0, agreed / norms, np.nan)
        ceiling = np.sqrt(own_cosine[:, :, None] * own_cosine[:, None])
    return Comparison(cosine, ceiling)


def resampled(batches: int, tasks: Sequence[str], resamples: int, seed: int) -> np.ndarray:
    """Bootstrap counts of batches, drawn for each task apart, shape (resamples, T, B)."""
    drawn = [
        np.concatenate(list(resamples_of(batches, resamples, derive(seed, "batches", task))))
        for task in tasks
    ]
    return np.stack(drawn, 1)


def parts(modules: Modules, batches: Sequence[Sequence[Row]], number_bytes: int) -> list[Modules]:
    """Layers in groups, in order, so that what :func:`products` holds of a group fits into PASS_BYTES.

    Args:
        modules: linear layers by name.
        batches: rows of each batch.
        number_bytes: bytes of a number as the model computes.
    """
    tokens = sum(len(row.prompt) + len(row.target) for batch in batches for row in batch)
    groups: list[dict[str, torch.nn.Module]] = []
    room = 0
    for name, module in modules.items():
        needed = tokens * sum(sizes(module)) * number_bytes
        if not groups or needed > room:
            groups.append({})
            room = PASS_BYTES
        groups[-1][name] = module
        room -= needed
    return groups


def products(
    model: PreTrainedModel,
    modules: Modules,
    batches: Sequence[Sequence[Row]],
    report: Callable[[int], None],
) -> Iterator[tuple[str, np.ndarray]]:
    """Inner products between the gradients of all batches, matrix by matrix.

    The gradient of a linear layer is a sum over tokens of what came back times what went in. These two are
    held, never the gradients, of which only those of one matrix exist at a time, for all batches.

    Args:
        model: its weights no longer require gradients afterwards.
        modules: linear layers by name, one of the groups of :func:`parts`.
        batches: rows of each batch; its loss is the mean over its target tokens.
        report: called after each batch with 1.

    Yields:
        the name of each layer, and inner products (batches, batches).
    """
    import torch

    held = _held(model, modules, batches, report)
    for name, module in modules.items():
        gradients = [_gradient(pairs, module) for pairs in held.pop(name)]
        flat = torch.stack(gradients).flatten(1).float()
        yield name, (flat @ flat.T).double().cpu().numpy()


def _held(
    model: PreTrainedModel, modules: Modules, batches: Sequence[Sequence[Row]], report: Callable[[int], None]
) -> dict[str, list[list[tuple[torch.Tensor, torch.Tensor]]]]:
    """Of each layer, batch and call: inputs (tokens, inputs), and gradients of outputs (tokens, outputs)."""
    held: dict[str, list[list[tuple[torch.Tensor, torch.Tensor]]]] = {name: [] for name in modules}

    def keep(name: str) -> Callable[..., None]:
        def hook(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            went_in, calls = inputs[0].detach().flatten(0, -2), held[name][-1]
            output.requires_grad_()  # nothing below the first of these layers asks for a gradient
            output.register_hook(lambda came_back: calls.append((went_in, came_back.flatten(0, -2))))

        return hook

    model.requires_grad_(False)
    hooks = [module.register_forward_hook(keep(name)) for name, module in modules.items()]
    try:
        for batch in batches:
            for calls in held.values():
                calls.append([])
            for loss in losses(model, batch):
                loss.backward()
            report(1)
    finally:
        for hook in hooks:
            hook.remove()
    return held


def losses(model: PreTrainedModel, batch: Sequence[Row]) -> Iterator[torch.Tensor]:
    """Parts of the mean loss over the target tokens of a batch, in nats: one for what is read at once."""
    targets = sum(len(row.target) for row in batch)
    for part in chunks(batch, share_sequences(model, CHUNK_TOKENS)):
        yield target_loss(model, pack(part).to(model.device)) / targets


def _gradient(pairs: list[tuple[torch.Tensor, torch.Tensor]], module: torch.nn.Module) -> torch.Tensor:
    """Gradient of a layer's weight (inputs, outputs); zero where no token went through, as in an expert."""
    if not pairs:
        return module.weight.new_zeros(sizes(module))
    return sum(went_in.T @ came_back for went_in, came_back in pairs)


def steps(
    model: PreTrainedModel, modules: Modules, tasks: Mapping[str, Sequence[Row]], length: float
) -> Iterator[str]:
    """Take one step down the gradient of each task's mean loss, from the same weights.

    Args:
        model: in float32, as a short step would be rounded away.
        modules: linear layers, whose weights alone are changed.
        tasks: rows of each task, by its name.
        length: norm of a step over the norm of all these weights.

    Yields:
        the name of each task, when the model has taken its step; afterwards the model is as it was.
    """
    import torch

    model.requires_grad_(False)
    weights = [module.weight.requires_grad_() for module in modules.values()]
    before = [weight.detach().clone() for weight in weights]
    norm = torch.nn.utils.get_total_norm(before)
    for task, rows in tasks.items():
        for loss in losses(model, rows):
            loss.backward()
        slopes = [weight.grad for weight in weights]
        scale = length * norm / torch.nn.utils.get_total_norm(slopes)
        with torch.no_grad():
            for weight, slope in zip(weights, slopes, strict=True):
                weight -= scale * slope
                weight.grad = None
            yield task
            for weight, old in zip(weights, before, strict=True):
                weight.copy_(old)
