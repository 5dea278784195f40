from commands import done
from tiny_cell import ARM

from lib.contracts.lora import ARMS


def test_what_the_arms_are(tmp_path):
    arms = {
        "lora-r4": {**ARM, "rank": 4, "scaling": 2.0},
        "some-r2": {**ARM, "rank": 2, "scaling": 4.0, "targets": ["q_proj", "v_proj"], "block": "some"},
    }
    done("lora_tabulate", arms=arms, table=tmp_path / "arms.parquet")
    assert ARMS.read(tmp_path / "arms.parquet").to_dict("records") == [
        {
            "arm": "lora-r4",
            "block": "lora",
            "method": "lora",
            "rank": 4,
            "alpha": 8,
            "scaling": 2,
            "targets": "all-linear",
            "learning_rate": 0.02,
        },
        {
            "arm": "some-r2",
            "block": "some",
            "method": "lora",
            "rank": 2,
            "alpha": 8,
            "scaling": 4,
            "targets": "q_proj v_proj",
            "learning_rate": 0.02,
        },
    ]
