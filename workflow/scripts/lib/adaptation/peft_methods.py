"""The methods that PEFT has: LoRA and its kin, VeRA, (IA)3."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from peft import (
    IA3Config,
    LoraConfig,
    PeftConfig,
    PeftModel,
    VeraConfig,
    get_peft_model,
    get_peft_model_state_dict,
)
from peft.utils.constants import (
    TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING,
    TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING,
)
from transformers import PreTrainedModel

from lib.adaptation.arm import Arm
from lib.adaptation.method import Method
from lib.adaptation.targets import chosen, fits, sizes
from lib.cli import UserError
from lib.seeds import derive

DEFAULT = "default"  # PEFT's name of an adapter that has the model to itself


class Peft(Method):
    """A method of PEFT, whose adapter folders other programs read too."""

    def settings(self, model: PreTrainedModel, arm: Arm, seed: int) -> PeftConfig:
        """The settings of PEFT that an arm stands for."""
        raise NotImplementedError

    def attach(self, model: PreTrainedModel, arm: Arm, seed: int, start: Path | None) -> PeftModel:
        """See :meth:`lib.adaptation.method.Method.attach`."""
        model.requires_grad_(False)
        if start:
            return PeftModel.from_pretrained(model, start, is_trainable=True)
        settings = self.settings(model, arm, seed)
        torch.manual_seed(derive(seed, "initialisation"))
        return get_peft_model(model, settings)

    def state(self, network: PeftModel, adapter: str = DEFAULT) -> dict[str, torch.Tensor]:
        """What PEFT saves of an adapter."""
        return get_peft_model_state_dict(network, adapter_name=adapter)

    def save(self, network: PeftModel, folder: Path, adapter: str = DEFAULT) -> None:
        """Write the folder as PEFT does; it puts adapters with names of their own into folders below."""
        network.save_pretrained(folder, selected_adapters=[adapter])
        if adapter != DEFAULT:
            for file in (folder / adapter).iterdir():
                file.replace(folder / file.name)
            (folder / adapter).rmdir()


class Lora(Peft):
    """Low-rank updates W + s B A (Hu et al. 2022), by the scale rule of the arm."""

    def attach_together(
        self, model: PreTrainedModel, arms: Sequence[Arm], seeds: Sequence[int], names: Sequence[str]
    ) -> PeftModel:
        """Put fresh adapters on a model side by side, each as :meth:`attach` puts it there alone."""
        model.requires_grad_(False)
        # All at first: once a module is adapted, it is not found under its name.
        settings = [self.settings(model, arm, seed) for arm, seed in zip(arms, seeds, strict=True)]
        network = None
        for name, config, seed in zip(names, settings, seeds, strict=True):
            torch.manual_seed(derive(seed, "initialisation"))
            if network is None:
                network = get_peft_model(model, config, adapter_name=name)
            else:
                network.add_adapter(name, config)
        network.set_requires_grad(list(names), True)
        return network

    def settings(self, model: PreTrainedModel, arm: Arm, seed: int) -> LoraConfig:
        """For rslora with the root of the rank, for dora with magnitudes apart."""
        return LoraConfig(
            r=arm.rank,
            lora_alpha=arm.numerator,
            target_modules=list(chosen(model, arm.targets, arm.key)),
            use_rslora=arm.method == "rslora",
            use_dora=arm.method == "dora",
            task_type="CAUSAL_LM",
        )

    def parameters(self, model: PreTrainedModel, arm: Arm) -> int:
        """r (inputs + outputs) of each module; for dora also a magnitude of each output."""
        found = map(sizes, chosen(model, arm.targets, arm.key).values())
        magnitudes = arm.method == "dora"
        return sum(arm.rank * (inputs + outputs) + magnitudes * outputs for inputs, outputs in found)


class Vera(Peft):
    """Vectors that scale random matrices (Kopiczko et al. 2024).

    All modules share the matrices, which stay as they were drawn. They are saved, so that the adapter does
    not depend on how a version of torch draws them.
    """

    def settings(self, model: PreTrainedModel, arm: Arm, seed: int) -> VeraConfig:
        """The matrices are drawn from the seed of the initialisation."""
        return VeraConfig(
            r=arm.rank,
            target_modules=list(chosen(model, arm.targets, arm.key)),
            projection_prng_key=derive(seed, "initialisation"),
            save_projection=True,
            task_type="CAUSAL_LM",
        )

    def parameters(self, model: PreTrainedModel, arm: Arm) -> int:
        """A vector over the rank and one over the outputs, of each module."""
        found = map(sizes, chosen(model, arm.targets, arm.key).values())
        return sum(arm.rank + outputs for _, outputs in found)


class Ia3(Peft):
    """Factors on keys, values and what enters the last feed-forward matrix (Liu et al. 2022)."""

    def settings(self, model: PreTrainedModel, arm: Arm, seed: int) -> IA3Config:
        """Factors start at 1."""
        outputs, inputs = self._places(model, arm)
        return IA3Config(
            target_modules=[*outputs, *inputs], feedforward_modules=inputs, task_type="CAUSAL_LM"
        )

    def parameters(self, model: PreTrainedModel, arm: Arm) -> int:
        """A factor of each output, and of each input of feed-forward modules."""
        outputs, inputs = self._places(model, arm)
        return sum(
            sizes(module)[0 if any(fits(name, end) for end in inputs) else 1]
            for name, module in chosen(model, [*outputs, *inputs], arm.key).items()
        )

    @staticmethod
    def _places(model: PreTrainedModel, arm: Arm) -> tuple[list[str], list[str]]:
        """Modules whose outputs are scaled, and those whose inputs are: PEFT's choice for the kind of model.

        Raises:
            UserError: PEFT has none for this kind.
        """
        kind = model.config.get_text_config().model_type
        places = TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING.get(kind)
        if places is None:
            raise UserError(
                f"{arm.key}: PEFT does not know where (IA)3 goes in a model of kind {kind!r}; "
                "choose another method for this model"
            )
        inputs = TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING[kind]
        return [place for place in places if place not in inputs], inputs
