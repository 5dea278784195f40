"""RAC-LoRA: a chain of low-rank updates, one factor of each drawn (Malinovsky et al. 2024)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from peft import PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from safetensors.torch import load_file
from transformers import PreTrainedModel

from lib.adaptation import saved
from lib.adaptation.arm import Arm
from lib.adaptation.peft_methods import Lora
from lib.adaptation.targets import chosen, sizes
from lib.cli import UserError
from lib.seeds import derive

CHAIN, LINK = "default", "link"  # PEFT's names of the links that are done, and of the one that trains


class Rac(Lora):
    """Links W + s B_t A_t one after the other: A_t is drawn and frozen, B_t is trained from zero.

    The paper (arXiv:2410.08305) merges each link into W. A chain of links is itself a LoRA, whose factors
    are those of the links side by side, so it is kept and saved as one, of rank links x r. The model's own
    weights are never touched: in bfloat16 they would lose small updates.
    """

    def attach(self, model: PreTrainedModel, arm: Arm, seed: int, start: Path | None) -> PeftModel:
        """See :meth:`lib.adaptation.method.Method.attach`.

        Raises:
            UserError: the rank is above the inputs of a module, so that no A has orthonormal rows.
        """
        model.requires_grad_(False)
        narrowest = min(sizes(module)[0] for module in chosen(model, arm.targets, arm.key).values())
        if arm.rank > narrowest:
            raise UserError(
                f"{arm.key}: rank {arm.rank} is above {narrowest}, the inputs of a module; lower it"
            )
        earlier = load_file(start / saved.WEIGHTS) if start else {}
        before = saved.settings(start)["r"] if start else 0
        rank = before + arm.links * arm.rank
        chain, link = (self.settings(model, one, seed) for one in (_of_rank(arm, rank), arm))
        network = get_peft_model(model, chain)
        network.add_adapter(LINK, link)
        network.base_model.set_adapter([CHAIN, LINK])
        with torch.no_grad():
            for name, layer in _layers(network):
                for factors in (layer.lora_A, layer.lora_B):
                    factors[CHAIN].weight.zero_().requires_grad_(False)
                if earlier:
                    layer.lora_A[CHAIN].weight[:before] = earlier[f"{name}.lora_A.weight"]
                    layer.lora_B[CHAIN].weight[:, :before] = earlier[f"{name}.lora_B.weight"]
                layer.lora_A[LINK].weight.requires_grad_(False)
        self.chain(network, arm, seed).renew(0)
        return network

    def parameters(self, model: PreTrainedModel, arm: Arm) -> int:
        """r x outputs of each module: the one factor of a link that is trained."""
        return sum(arm.rank * sizes(module)[1] for module in chosen(model, arm.targets, arm.key).values())

    def chain(self, network: PeftModel, arm: Arm, seed: int) -> Links:
        """The links, after those that the adapter began with."""
        return Links(network, arm, seed)

    def state(self, network: PeftModel) -> dict[str, torch.Tensor]:
        """The links that are done, and the one that trains."""
        return {name: weight for name, weight in network.named_parameters() if "lora_" in name}


class Links:
    """See :class:`lib.adaptation.method.Chain`."""

    def __init__(self, network: PeftModel, arm: Arm, seed: int) -> None:
        self.layers = dict(_layers(network))
        self.links, self.rank, self.seed = arm.links, arm.rank, seed
        self.before = network.peft_config[CHAIN].r - arm.links * arm.rank  # ranks that it began with

    def _place(self, link: int) -> slice:
        """Where a link stands among the ranks of the chain."""
        first = self.before + link * self.rank
        return slice(first, first + self.rank)

    @torch.no_grad()
    def renew(self, link: int) -> None:
        """Draw the frozen factors of a link, with orthonormal rows, uniform among such; see the paper's H.

        They are drawn on the CPU, from the place of the link in the chain: the links of a chain that goes
        on from another one are new ones.
        """
        place = self._place(link)
        generator = torch.Generator().manual_seed(derive(self.seed, "link", place.start))
        for layer in self.layers.values():
            drawn = torch.randn(layer.in_features, self.rank, generator=generator, dtype=torch.float64)
            basis, triangle = torch.linalg.qr(drawn)
            rows = (basis * triangle.diagonal().sign()).T
            layer.lora_A[LINK].weight.copy_(rows)
            layer.lora_B[LINK].weight.zero_()

    @torch.no_grad()
    def fold(self, link: int) -> None:
        """Copy the factors of a link to their place in the chain."""
        place = self._place(link)
        for layer in self.layers.values():
            layer.lora_A[CHAIN].weight[place] = layer.lora_A[LINK].weight
            layer.lora_B[CHAIN].weight[:, place] = layer.lora_B[LINK].weight
            layer.lora_B[LINK].weight.zero_()

    def weights(self) -> dict[str, torch.Tensor]:
        """The links that are done, and the frozen factors of the one that trains."""
        return {
            f"{name}.{part}.{adapter}": factors[adapter].weight
            for name, layer in self.layers.items()
            for part, factors, adapters in (
                ("lora_A", layer.lora_A, (CHAIN, LINK)),
                ("lora_B", layer.lora_B, (CHAIN,)),
            )
            for adapter in adapters
        }


def _of_rank(arm: Arm, rank: int) -> Arm:
    """The arm with another rank and the same factor on its update."""
    return replace(arm, rank=rank, alpha=arm.scaling * rank, alpha_per_rank=None)


def _layers(network: PeftModel) -> Iterator[tuple[str, LoraLayer]]:
    """The adapted modules, by the name that saved weights have."""
    return ((name, module) for name, module in network.named_modules() if isinstance(module, LoraLayer))
