from commands import done
from tiny_cell import ARM

from lib.contracts.lora import ARMS

TRAINING = {key: ARM[key] for key in ("learning_rate", "warmup", "weight_decay", "clip", "block")}
UNSCALED = {key: value for key, value in ARM.items() if key != "alpha"}


def row(arm, method, **known):
    return {
        **dict.fromkeys(ARMS.columns),
        "arm": arm,
        "block": "lora",
        "method": method,
        "learning_rate": 0.02,
        **known,
    }


def test_what_the_arms_are(tmp_path):
    arms = {
        "lora-r4": {**ARM, "rank": 4},
        "some-r2": {**UNSCALED, "rank": 2, "alpha_per_rank": 4, "targets": ["q_proj", "v_proj"]},
        "rac-r2": {**ARM, "method": "rac", "rank": 2, "links": 3},
        "full": {**TRAINING, "method": "full"},
        "task-as-lora-r4": {
            **TRAINING,
            "method": "bottleneck",
            "match": "lora-r4",
            "under": {"task": "read", "arm": "language-r8"},
        },
    }
    done("lora_tabulate", arms=arms, table=tmp_path / "arms.parquet")
    found = ARMS.read(tmp_path / "arms.parquet").astype(object)
    assert found.where(found.notna(), None).to_dict("records") == [
        row("lora-r4", "lora", rank=4, alpha=8, scaling=2, targets="all-linear"),
        row("some-r2", "lora", rank=2, alpha=8, scaling=4, targets="q_proj v_proj"),
        row("rac-r2", "rac", rank=2, alpha=8, scaling=4, targets="all-linear", links=3),
        row("full", "full"),
        row("task-as-lora-r4", "bottleneck", match="lora-r4", under="read/language-r8"),
    ]
