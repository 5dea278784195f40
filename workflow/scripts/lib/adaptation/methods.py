"""The methods by which a model is adapted, by name."""

from __future__ import annotations

from lib.adaptation.bottleneck import Bottleneck
from lib.adaptation.full import Full
from lib.adaptation.method import Method
from lib.adaptation.peft_methods import Ia3, Lora, Vera
from lib.adaptation.rac import Rac

# lora (Hu et al. 2022), rslora (Kalajdzievski 2023), dora (Liu et al. 2024): the others say it themselves.
METHODS: dict[str, Method] = {
    "lora": Lora(),
    "rslora": Lora(),
    "dora": Lora(),
    "vera": Vera(),
    "ia3": Ia3(),
    "rac": Rac(),
    "bottleneck": Bottleneck(),
    "full": Full(),
}
