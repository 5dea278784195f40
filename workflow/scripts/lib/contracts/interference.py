"""What the interference stage hands on."""

from lib.table import INTEGER, REAL, TEXT, Column, Table

COSINES = Table(
    "gradient cosines",
    {
        "model": Column(TEXT, "model whose weights the gradients are of"),
        "split": Column(TEXT, "split of the items"),
        "grouped": Column(TEXT, "model (all linear matrices), layer, or kind"),
        "group": Column(TEXT, "all; the number of a layer; or the name of a kind of matrix, like q_proj"),
        "task": Column(TEXT, "task"),
        "other": Column(TEXT, "task that it is compared with; itself for the split-half ceiling"),
        "cosine": Column(REAL, "cosine between mean gradients over half of the batches", null=True),
        "cosine_low": Column(REAL, "lower end of the 95 % bootstrap interval over batches", null=True),
        "cosine_high": Column(REAL, "upper end of the 95 % bootstrap interval over batches", null=True),
        "ceiling": Column(
            REAL,
            "the most that noise lets be seen: root of the product of both tasks' cosines with themselves; "
            "null where a task's batches do not agree",
            null=True,
        ),
        "corrected": Column(REAL, "cosine over ceiling (Spearman 1904); null likewise", null=True),
        "corrected_low": Column(
            REAL, "lower end of its interval; null where a resample has no ceiling", null=True
        ),
        "corrected_high": Column(REAL, "upper end of its interval; null likewise", null=True),
        "n_batches": Column(INTEGER, "batches of each task; none share an item"),
        "n_items": Column(INTEGER, "items of each task"),
    },
    key=("model", "grouped", "group", "task", "other"),
)

TRANSFER = Table(
    "one-step transfer",
    {
        "model": Column(TEXT, "model"),
        "split": Column(TEXT, "split of the items"),
        "task": Column(TEXT, "task whose gradient was stepped along"),
        "other": Column(TEXT, "task whose loss was measured, on items that no step was made from"),
        "step": Column(REAL, "length of the step over the norm of the linear matrices"),
        "loss_before": Column(REAL, "loss before the step, in nats a target token"),
        "loss_after": Column(REAL, "loss after it"),
        "transfer": Column(
            REAL,
            "1 - after / before, nats saved per nat of loss (Fifty et al. 2021); negative where it harms",
        ),
        "ci_low": Column(REAL, "lower end of the 95 % bootstrap interval over measured items"),
        "ci_high": Column(REAL, "upper end of the 95 % bootstrap interval over measured items"),
        "n_items": Column(INTEGER, "measured items"),
    },
    key=("model", "task", "other"),
)
