"""What the lora stage hands on, beside the adapter folders."""

from lib.table import FLAG, INTEGER, REAL, TEXT, Column, Table

FINISHED, DIVERGED, OUT_OF_MEMORY = "finished", "diverged", "out-of-memory"  # how a training ends
STOPPED = "stopped"  # before its end, by successive halving

ARMS = Table(
    "arms",
    {
        "arm": Column(TEXT, "name of the arm, as it stands in paths"),
        "block": Column(TEXT, "block of the config that it was expanded from"),
        "method": Column(TEXT, "training method: a name in lib/adaptation/methods.py"),
        "rank": Column(
            INTEGER,
            "rank of the update, or width of the bottleneck; null where the method has none, and for an arm "
            "that matches another one, whose rank depends on the model: costs have it",
            null=True,
        ),
        "alpha": Column(REAL, "alpha of the scale rule; null where there is none, or no rank yet", null=True),
        "scaling": Column(
            REAL,
            "factor on the update: alpha / r, or alpha / sqrt(r) for rslora; null as for alpha",
            null=True,
        ),
        "targets": Column(TEXT, "adapted modules; null where the method chooses them", null=True),
        "links": Column(INTEGER, "links of the chain of rac; null for other methods", null=True),
        "match": Column(TEXT, "arm whose number of parameters it has, as nearly as can be", null=True),
        "under": Column(TEXT, "task and arm of the adapter that lies under it, as task/arm", null=True),
        "learning_rate": Column(
            REAL, "peak learning rate; null where it is tuned, for each model and task apart", null=True
        ),
    },
    key=("arm",),
)

TUNING = Table(
    "tuning of the learning rate",
    {
        "model": Column(TEXT, "model that was trained"),
        "task": Column(TEXT, "task that it was trained on"),
        "arm": Column(TEXT, "arm"),
        "seed": Column(INTEGER, "seed of the trainings, the same for all arms and rates"),
        "learning_rate": Column(REAL, "peak learning rate that was tried"),
        "step": Column(
            INTEGER,
            "optimizer step after which the loss was taken, or by which it failed; 0 is before the first",
        ),
        "dev_loss": Column(
            REAL,
            "mean cross-entropy over the target tokens of the dev split, in nats; null where it failed",
            null=True,
        ),
        "status": Column(
            TEXT,
            "what became of this rate: finished; stopped, so that its loss at the end is not known "
            "(censored); diverged; or out-of-memory",
        ),
        "reason": Column(TEXT, "what went wrong; null where it finished or was stopped", null=True),
        "chosen": Column(FLAG, "whether the arm trains with this rate; where all failed, it is not trained"),
        "at_edge": Column(FLAG, "whether it is chosen and the lowest or highest of those tried"),
    },
    key=("model", "task", "arm", "learning_rate", "step"),
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
        "seconds": Column(
            REAL, "wall time of the step, of all arms that the process trained, in seconds", measured=True
        ),
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
        "rank": Column(
            INTEGER, "rank of the update, or width of the bottleneck; null where there is none", null=True
        ),
        "scaling": Column(REAL, "factor on the update; null where the method has none", null=True),
        "seed": Column(INTEGER, "seed"),
        "learning_rate": Column(
            REAL, "peak learning rate that it was trained with; null where its tuning failed", null=True
        ),
        "packed": Column(
            INTEGER,
            "arms that trained in the process, this one included; where there are several, times and peaks "
            "of memory are null, since they are not its own",
        ),
        "status": Column(TEXT, "finished, diverged or out-of-memory"),
        "reason": Column(TEXT, "what went wrong; null where it finished", null=True),
        # What follows is null where the training did not finish.
        "trainable_params": Column(INTEGER, "parameters that are trained at a time", null=True),
        "initial_sha256": Column(TEXT, "hash of all that is saved, before the first step", null=True),
        "peak_bytes_load": Column(
            INTEGER,
            "peak memory up to and with loading, in bytes; null also where the process tried several arms at "
            "once before it trained this one alone",
            null=True,
            measured=True,
        ),
        "peak_bytes_train": Column(
            INTEGER, "peak memory in training, in bytes; null as that of loading", null=True, measured=True
        ),
        "gradient_bytes": Column(INTEGER, "bytes of the gradients", null=True),
        "optimizer_bytes": Column(INTEGER, "bytes of the optimizer's state", null=True),
        "adapter_bytes": Column(INTEGER, "bytes of the saved weights", null=True),
        "flops": Column(
            REAL,
            "floating-point operations of the training, estimated from parameters and tokens",
            null=True,
        ),
        "seconds": Column(REAL, "wall time of the training steps, in seconds", null=True, measured=True),
        "cpu_seconds": Column(
            REAL, "processor time of the training steps, in seconds", null=True, measured=True
        ),
        "tokens_per_second": Column(REAL, "tokens read a second of wall time", null=True, measured=True),
    },
    key=("model", "task", "arm", "seed"),
)

PHASES = ("load", "train", "evaluate")
OWNERS = {
    "weights": "weights and buffers of the model with what the arm adds",
    "gradients": "gradients",
    "optimizer": "state of the optimizer",
    "rest": "all else: activations, workspace, and what was freed and not given back",
}

MEMORY = Table(
    "memory",
    {
        "model": Column(TEXT, "model"),
        "task": Column(TEXT, "task"),
        "arm": Column(TEXT, "arm"),
        "method": Column(TEXT, "training method"),
        "rank": Column(INTEGER, "rank or width, as in costs; null where there is none", null=True),
        "device": Column(TEXT, "cpu: memory is resident; cuda: memory is what torch allocated on the GPU"),
        "phase": Column(
            TEXT,
            "load (model and arm), train (a few steps, the last of them on the longest items), or evaluate "
            "(load with the trained adapter and decode a batch)",
        ),
        "status": Column(TEXT, "finished, diverged or out-of-memory"),
        "reason": Column(TEXT, "what went wrong; null where it finished", null=True),
        # What follows is null where the phase did not finish.
        "peak_bytes": Column(
            INTEGER, "most memory at any moment of the phase, in bytes", null=True, measured=True
        ),
        "reserved_bytes": Column(
            INTEGER,
            "most memory that torch held on the GPU, in bytes; null on a CPU",
            null=True,
            measured=True,
        ),
        "program_bytes": Column(
            INTEGER,
            "of the peak, in bytes: what the process had before loading; null on a GPU",
            null=True,
            measured=True,
        ),
        **{
            f"{owner}_bytes": Column(
                INTEGER, f"of the peak, in bytes: {meaning}", null=True, measured=owner == "rest"
            )
            for owner, meaning in OWNERS.items()
        },
        "predicted_peak_bytes": Column(
            INTEGER,
            "the program and what is predicted, in bytes; null where the rest is not",
            null=True,
            measured=True,
        ),
        **{
            f"predicted_{owner}_bytes": Column(
                INTEGER, f"{owner} by number and type of the parameters (lib/costs.py), in bytes", null=True
            )
            for owner in ("weights", "gradients", "optimizer")
        },
        "predicted_rest_bytes": Column(
            INTEGER,
            "what autograd keeps for the backward pass, counted in training, in bytes; null for other phases",
            null=True,
        ),
        "seconds": Column(REAL, "wall time of the phase, in seconds", null=True, measured=True),
        "joules": Column(
            REAL,
            "energy of the phase: of the processor packages (RAPL), or the GPU (NVML); null where the "
            "machine does not tell",
            null=True,
            measured=True,
        ),
        "tokens": Column(
            INTEGER,
            "tokens that the phase read in training, or wrote in evaluation; null for load",
            null=True,
        ),
        "seconds_per_step": Column(
            REAL, "wall time of a training step, in seconds; null for other phases", null=True, measured=True
        ),
        "tokens_per_second": Column(
            REAL, "tokens read in these steps, or written, a second; null for load", null=True, measured=True
        ),
        "flops_per_token": Column(
            INTEGER,
            "floating-point operations for such a token, by number of parameters; null for load",
            null=True,
        ),
    },
    key=("model", "task", "arm", "phase"),
)
