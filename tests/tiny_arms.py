"""One small arm of each method, for tiny models."""

from lib.adaptation.arm import Arm

SETTINGS = {
    "lora": {"rank": 2, "alpha": 8, "targets": "all-linear"},
    "rslora": {"rank": 2, "alpha": 8, "targets": "all-linear"},
    "dora": {"rank": 2, "alpha": 8, "targets": "all-linear"},
    "vera": {"rank": 8, "targets": "all-linear"},
    "ia3": {},
    "rac": {"rank": 2, "alpha": 8, "targets": "all-linear", "links": 2},
    "bottleneck": {"rank": 4},
    "full": {},
}


def arm(method: str, **changes) -> Arm:
    """A small arm of a method."""
    training = {"learning_rate": 1e-2, "warmup": 2, "weight_decay": 0.01, "clip": 1.0, "block": method}
    return Arm(**{"method": method, **training, **SETTINGS[method], **changes})


def trainable(model):
    """What trains, by name."""
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
