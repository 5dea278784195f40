"""What a method is: how it is put on a model, how many parameters it trains, how it is saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lib.adaptation.arm import Arm

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel

    Network = PreTrainedModel | PeftModel


class Chain(Protocol):
    """What is trained link by link: each link starts anew from where those before it have come."""

    links: int

    def renew(self, link: int) -> None:
        """Set the trained weights up for a link, counted from 0; the model computes what it did before."""

    def fold(self, link: int) -> None:
        """Put what a link has learnt to that of the links before it, and its weights to zero."""

    def weights(self) -> dict[str, torch.Tensor]:
        """All that the two change, beside what is trained."""


class Method:
    """One way to adapt a model; see :data:`lib.adaptation.methods.METHODS`."""

    whole = False  # whether the model's own weights are trained, which then have to be float32

    def attach(self, model: PreTrainedModel, arm: Arm, seed: int, start: Path | None) -> Network:
        """Set a model up for training: what trains is float32 and requires a gradient, all else is frozen.

        A fresh adapter leaves what the model computes as it is.

        Args:
            model: changed in place.
            arm: settings, with the rank known.
            seed: of the initialisation. It is set just before weights are drawn: set earlier, whatever
                else draws numbers would decide the initialisation.
            start: adapter folder of the same arm to go on from; a fresh adapter where it is None.
        """
        raise NotImplementedError

    def parameters(self, model: PreTrainedModel, arm: Arm) -> int:
        """How many parameters are trained at a time, from the shapes of the model's modules.

        Args:
            model: as it is loaded, without an adapter.
            arm: settings, of which rank and targets are read.
        """
        raise NotImplementedError

    def chain(self, network: Network, arm: Arm, seed: int) -> Chain | None:
        """The links of what :meth:`attach` returned; None where it is trained in one go."""
        return None

    def state(self, network: Network) -> dict[str, torch.Tensor]:
        """What is saved, by name."""
        raise NotImplementedError

    def save(self, network: Network, folder: Path) -> None:
        """Write an adapter folder, see :mod:`lib.adaptation.saved`."""
        raise NotImplementedError
