"""What the rules of expressivity read and pass on, where that depends on wildcards or the config."""


def probe_block(wildcards):
    """The block of the grid that a cell belongs to."""
    return UPDATES[wildcards.model, wildcards.task, int(wildcards.seed)]


def probe_arm(wildcards, arm):
    """Weights of an arm of a cell."""
    return adapter_weights(wildcards.model, wildcards.task, arm, wildcards.seed)


def full_weights(wildcards):
    """Weights of the full fine-tuning that is taken apart."""
    return probe_arm(wildcards, probe_block(wildcards)["full"])


def rival_weights(wildcards):
    """Weights of the adapters that its truncations are compared with."""
    return [probe_arm(wildcards, arm) for arm in probe_block(wildcards)["arms"]]


def full_folder(wildcards, input):
    """Folder of the full fine-tuning."""
    return str(Path(input.full).parent)


def rivals(wildcards, input):
    """Rank and folder of each adapter; the rank of a chain is that of the sum of its links."""
    folders = dict(zip(probe_block(wildcards)["arms"], [str(Path(path).parent) for path in input.rivals]))
    ranks = {arm: ARMS[arm]["rank"] * ARMS[arm].get("links", 1) for arm in folders}
    return as_json({arm: {"rank": ranks[arm], "folder": folder} for arm, folder in folders.items()})


def probe_names(wildcards):
    """The columns that say which full fine-tuning is taken apart."""
    return as_json({"model": wildcards.model, "task": wildcards.task, "seed": int(wildcards.seed)})


def truncation_names(wildcards):
    """The columns that say which full fine-tuning is cut, and on what it is measured."""
    cell = {"arm": probe_block(wildcards)["full"], "split": config["expressivity"]["split"]}
    return as_json({**json.loads(probe_names(wildcards)), **cell})


def truncation_items(wildcards):
    """The items that truncations are measured on."""
    return f"results/task/{wildcards.task}/{config['expressivity']['split']}.parquet"


def rank_options(wildcards):
    """The ranks that a fine-tuning is cut to, each as an option."""
    return [word for rank in probe_block(wildcards)["ranks"] for word in ("--rank", str(rank))]


def taken_apart(table):
    """A table of every full fine-tuning that is taken apart."""
    return [
        f"results/expressivity/{model}/{task}/seed-{seed}/{table}.parquet" for model, task, seed in UPDATES
    ]
