"""Settings of the one tiny cell that the tests of the scripts run."""

TASK = {"kind": "arithmetic", "terms": 2, "digits": 1, "worked_share": 0.0}
ARM = {
    "method": "lora",
    "rank": 4,
    "alpha": 8,
    "targets": "all-linear",
    "learning_rate": 0.02,
    "warmup": 2,
    "weight_decay": 0.0,
    "clip": 1.0,
    "block": "lora",
}
CELL = {"model": "tiny", "task": "sums", "arm": "lora-r4", "seed": 0}
BUDGET = {"steps": 40, "rows": 8}
# Columns of a branch of one token whose question is not of yes or no, and that was not asked for its answer.
PLAIN = {
    **dict.fromkeys(("token_contrasts", "asked_completion", "asked_ids", "asked_margins", "asked_contrasts")),
    "decoded_tokens": 1,
}
DECODING = {"how": "top-k", "branches": 3, "max_new_tokens": 6, "stop": ["\nQ:"], "rows": 16}
