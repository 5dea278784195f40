"""LoRA's products and their gradients in fewer passes over memory, for several adapters at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import torch
    from peft.tuners.lora.layer import Linear


class Span(NamedTuple):
    """Neighbouring tokens that one adapter reads: from start up to, not with, stop."""

    adapter: str
    start: int
    stop: int


@contextmanager
def fused(model: torch.nn.Module) -> Iterator[list[Span]]:
    """Within, the LoRA layers of a model multiply by :func:`_product`; other layers stay PEFT's own.

    PEFT multiplies the low-rank path in float32 beside a bfloat16 model, and adds it in passes of its
    own. Here both paths have the model's type, the weights of the adapters and their gradients that of
    the adapters, as in mixed precision (Micikevicius et al. 2018).

    Yields:
        a list to be filled with the spans of the sequence that is read next; while it is empty, active
        adapters read all of it.
    """
    spans: list[Span] = []
    layers = [layer for layer in _adapted(model) if _fits(layer)]
    for layer in layers:
        layer.forward = partial(_forward, layer, spans)
    try:
        yield spans
    finally:
        for layer in layers:
            del layer.forward


def reads_spans(model: torch.nn.Module) -> bool:
    """Whether all LoRA layers of a model multiply by spans within :func:`fused`.

    In one that stays PEFT's own, all tokens are read by the active adapters, whosever they are.
    """
    return all(map(_fits, _adapted(model)))


def _adapted(model: torch.nn.Module) -> list[torch.nn.Module]:
    return [layer for layer in model.modules() if hasattr(layer, "lora_A")]


def _fits(layer: torch.nn.Module) -> bool:
    """Whether an adapted layer is a frozen linear one with plain LoRA: no variant, dropout or bias."""
    import torch
    from peft.tuners.lora.layer import Linear

    return (
        type(layer) is Linear
        and type(layer.base_layer) is torch.nn.Linear
        and not any(weight.requires_grad for weight in layer.base_layer.parameters())
        and not (layer.lora_variant or layer.merged or any(layer.lora_bias.values()))
        and all(isinstance(dropout, torch.nn.Identity) for dropout in layer.lora_dropout.values())
    )


def _forward(layer: Linear, spans: list[Span], x: torch.Tensor) -> torch.Tensor:
    """W x + b, and scaling * B A x of each span's adapter, for x of shape (..., inputs)."""
    import torch

    if torch.is_autocast_enabled(x.device.type):
        x = x.to(torch.get_autocast_dtype(x.device.type))
    flat = x.reshape(-1, x.shape[-1])
    factors: list[torch.Tensor] = []
    parts: list[tuple[int, int, float]] = []
    for name, start, stop in spans or [Span(name, 0, len(flat)) for name in layer.active_adapters]:
        if name not in layer.lora_A:  # it adapts other layers
            continue
        factors += [layer.lora_A[name].weight, layer.lora_B[name].weight]
        parts.append((start, stop, layer.scaling[name]))
    base = layer.base_layer
    return _product().apply(flat, base.weight, base.bias, parts, *factors).view(*x.shape[:-1], -1)


@cache
def _product() -> Any:
    import torch

    class LowRankProduct(torch.autograd.Function):
        """A linear map with low-rank updates (Hu et al. 2022), each on its own part of the tokens."""

        @staticmethod
        def forward(
            ctx: Any,
            x: torch.Tensor,
            weight: torch.Tensor,
            bias: torch.Tensor | None,
            parts: list[tuple[int, int, float]],
            *factors: torch.Tensor,
        ) -> torch.Tensor:
            weight = weight.to(x.dtype)
            used = [factor.to(x.dtype) for factor in factors]
            y = torch.nn.functional.linear(x, weight, None if bias is None else bias.to(x.dtype))
            inner = []
            for (start, stop, scaling), a, b in zip(parts, used[::2], used[1::2], strict=True):
                inner.append(x[start:stop] @ a.T)
                y[start:stop].addmm_(inner[-1], b.T, alpha=scaling)
            ctx.save_for_backward(x, weight, *used, *inner)
            ctx.parts, ctx.types = parts, [factor.dtype for factor in factors]
            return y

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
            x, weight, *saved = ctx.saved_tensors
            read, _, _, _, *trained = ctx.needs_input_grad
            n = len(ctx.types)
            used, inner = saved[:n], saved[n:]
            back = gradient @ weight if read else None
            found: list[torch.Tensor | None] = []
            for place, (start, stop, scaling) in enumerate(ctx.parts):
                a, b = used[2 * place : 2 * place + 2]
                above = gradient[start:stop]
                through = (above @ b).mul_(scaling)
                if back is not None:
                    back[start:stop].addmm_(through, a)
                found.append(through.T @ x[start:stop] if trained[2 * place] else None)
                found.append((above.T @ inner[place]).mul_(scaling) if trained[2 * place + 1] else None)
            typed = [one if one is None else one.to(kind) for one, kind in zip(found, ctx.types, strict=True)]
            return back, None, None, None, *typed

    return LowRankProduct
