"""What the lora stage hands on, beside the adapter folders."""

from lib.table import INTEGER, REAL, TEXT, Column, Table

ARMS = Table(
    "arms",
    {
        "arm": Column(TEXT, "name of the arm, as it stands in paths"),
        "block": Column(TEXT, "block of the config that it was expanded from"),
        "method": Column(TEXT, "training method: lora, rslora, dora"),
        "rank": Column(INTEGER, "rank of the update"),
        "alpha": Column(REAL, "alpha of the scale rule"),
        "scaling": Column(REAL, "factor on the update B A: alpha / r, or alpha / sqrt(r) for rslora"),
        "targets": Column(TEXT, "adapted modules"),
        "learning_rate": Column(REAL, "peak learning rate"),
    },
    key=("arm",),
)

STEPS = Table(
    "training steps",
    {
        "step": Column(INTEGER, "optimizer step, from 1"),
        "loss": Column(REAL, "mean cross-entropy over the target tokens of the step, in nats"),
        "learning_rate": Column(REAL, "learning rate of the step"),
        "tokens": Column(INTEGER, "tokens read, prompts included"),
        "target_tokens": Column(INTEGER, "tokens that the loss is over"),
        "gradient_norm": Column(REAL, "norm of the gradient before clipping"),
        "seconds": Column(REAL, "wall time of the step, in seconds", measured=True),
    },
    key=("step",),
)

COSTS = Table(
    "training costs",
    {
        "model": Column(TEXT, "model that was trained"),
        "task": Column(TEXT, "task that it was trained on"),
        "arm": Column(TEXT, "arm"),
        "method": Column(TEXT, "training method"),
        "rank": Column(INTEGER, "rank of the update"),
        "seed": Column(INTEGER, "seed"),
        "trainable_params": Column(INTEGER, "trained parameters"),
        "initial_sha256": Column(TEXT, "hash of the trained parameters before the first step"),
        "peak_bytes_load": Column(INTEGER, "peak memory up to and with loading, in bytes", measured=True),
        "peak_bytes_train": Column(INTEGER, "peak memory in training, in bytes", measured=True),
        "gradient_bytes": Column(INTEGER, "bytes of the gradients"),
        "optimizer_bytes": Column(INTEGER, "bytes of the optimizer's state"),
        "adapter_bytes": Column(INTEGER, "bytes of the saved weights"),
        "flops": Column(
            REAL, "floating-point operations of the training, estimated from parameters and tokens"
        ),
        "seconds": Column(REAL, "wall time of the training steps, in seconds", measured=True),
        "cpu_seconds": Column(REAL, "processor time of the training steps, in seconds", measured=True),
        "tokens_per_second": Column(REAL, "tokens read a second of wall time", measured=True),
    },
    key=("model", "task", "arm", "seed"),
)
