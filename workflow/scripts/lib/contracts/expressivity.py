"""What the expressivity stage hands on."""

from lib.table import INTEGER, REAL, TEXT, Column, Table

THRESHOLDS = Table(
    "expressivity thresholds",
    {
        "model": Column(TEXT, "model of Zeng & Lee (2024): linear, feedforward or transformer"),
        "depth": Column(INTEGER, "layers of the frozen model"),
        "dimension": Column(INTEGER, "rows and columns D of every matrix"),
        "rank": Column(INTEGER, "largest rank R of an update"),
        "threshold": Column(INTEGER, "least rank at which the theorem promises the target itself"),
        "seed": Column(INTEGER, "seed of the frozen model and its target"),
        "how": Column(
            TEXT,
            "constructed (the updates of the proof), trained (LoRA by Adam), or bound (the least error that "
            "any updates leave; of the linear model only)",
        ),
        "measure": Column(
            TEXT,
            "what the error is: spectral norm of the product less the target, or relative mean squared error "
            "of the outputs on inputs that were not trained on",
        ),
        "error": Column(REAL, "distance from the target"),
    },
    key=("model", "depth", "rank", "seed", "how"),
)

CONVERGENCE = Table(
    "convergence of chains",
    {
        "problem": Column(TEXT, "isotropic (exact steps) or counterexample (steps 1 / L)"),
        "method": Column(TEXT, "full, lora, cola, asymmetric or rac"),
        "rank": Column(INTEGER, "rank r of an update; that of the matrix for full"),
        "step": Column(INTEGER, "step T, from 0"),
        "mean": Column(REAL, "mean over runs of f_T / f_0; null where a run diverged", null=True),
        "standard_error": Column(REAL, "standard error of the mean", null=True),
        "low": Column(
            REAL, "5 % quantile over runs, diverged ones above all; null if it diverged", null=True
        ),
        "median": Column(REAL, "median over runs, likewise", null=True),
        "high": Column(REAL, "95 % quantile over runs, likewise", null=True),
        "theory": Column(REAL, "(1 - r / n)^T; null where the theory says nothing", null=True),
        "n_runs": Column(INTEGER, "independent runs"),
        "n_diverged": Column(INTEGER, "runs that had diverged by this step"),
    },
    key=("problem", "method", "rank", "step"),
)

_CELL = {
    "model": Column(TEXT, "model that was fine-tuned"),
    "task": Column(TEXT, "task that it was fine-tuned on"),
    "seed": Column(INTEGER, "seed of the training"),
}
_MATRIX = {
    "matrix": Column(TEXT, "name of the matrix in the model"),
    "layer": Column(INTEGER, "layer, from 0"),
    "kind": Column(TEXT, "name of the matrix within its layer, like q_proj"),
}

SPECTRUM = Table(
    "spectrum of full fine-tuning",
    {
        **_CELL,
        **_MATRIX,
        "index": Column(INTEGER, "place of the singular value, from 1, the largest first"),
        "singular_value": Column(REAL, "singular value of the update dW"),
        "residual": Column(
            REAL,
            "least relative error |dW - X| / |dW| (Frobenius) of any X of rank index (Eckart & Young 1936); "
            "null where the training did not change the matrix",
            null=True,
        ),
    },
    key=("model", "task", "seed", "matrix", "index"),
)

UPDATES = Table(
    "updates of full fine-tuning",
    {
        **_CELL,
        **_MATRIX,
        "rows": Column(INTEGER, "rows of the matrix"),
        "columns": Column(INTEGER, "columns of the matrix"),
        "norm": Column(REAL, "Frobenius norm of the matrix before the training"),
        "update_norm": Column(REAL, "Frobenius norm of the update dW"),
        "stable_rank": Column(REAL, "|dW|_F^2 / |dW|_2^2; null where nothing changed", null=True),
        "rank_90": Column(INTEGER, "least rank with 90 % of |dW|_F^2; null likewise", null=True),
        "rank_99": Column(INTEGER, "least rank with 99 % of |dW|_F^2; null likewise", null=True),
    },
    key=("model", "task", "seed", "matrix"),
)

TRUNCATION = Table(
    "truncations of full fine-tuning",
    {
        **_CELL,
        "how": Column(
            TEXT,
            "base (before the training), full (after it), truncated (after it, each linear update cut to its "
            "largest singular values), trained (an adapter of the sweep), or gap (that adapter less the cut "
            "at its rank, paired by item; the cut also keeps what was trained beside linear matrices)",
        ),
        "arm": Column(TEXT, "arm of the training; null for base", null=True),
        "rank": Column(INTEGER, "rank of the linear updates; null for base and full", null=True),
        "width": Column(INTEGER, "width of the model's states"),
        "split": Column(TEXT, "split of the items"),
        "metric": Column(
            TEXT,
            "nll (nats a token, of the gold targets) or kl (nats a token, from the distribution of the model "
            "after the training to this one's)",
        ),
        "value": Column(REAL, "value"),
        "ci_low": Column(REAL, "lower end of the 95 % bootstrap interval over items"),
        "ci_high": Column(REAL, "upper end of the 95 % bootstrap interval over items"),
        "n_items": Column(INTEGER, "items"),
    },
    key=("model", "task", "seed", "how", "arm", "rank", "metric"),
)
