"""What the rules of evaluation read and pass on, where that depends on wildcards or the config."""


def cell_adapter(wildcards):
    """Weights of a cell's adapter; nothing for the base."""
    if wildcards.arm == grid.BASE:
        return []
    return adapter_weights(wildcards.model, wildcards.task, wildcards.arm, wildcards.seed)


def cell_cost(wildcards):
    """Cost of a cell's training, which says what was trained; nothing for the base."""
    w = wildcards
    return [] if w.arm == grid.BASE else f"results/lora/{w.model}/{w.task}/{w.arm}/seed-{w.seed}/cost.parquet"


def cost_option(wildcards, input):
    """The cost of a cell's training, as an option; nothing for the base."""
    return f"--cost {input.cost}" if input.cost else ""


def adapter_option(wildcards, input):
    """The adapter to decode with, as an option; nothing for the base."""
    return f"--adapter {Path(input.adapter).parent}" if input.adapter else ""


def decoding(task, branches):
    """Settings of decoding for a task."""
    how = config["tasks"][task]
    return as_json(
        {
            "branches": branches,
            "max_new_tokens": how["max_new_tokens"],
            "stop": how["stop"],
            "rows": config["evaluation"]["rows"],
        }
    )


def decoding_settings(wildcards):
    """All branches where the config asks for them, else the greedy path alone."""
    cell = grid.Cell(wildcards.model, wildcards.task, wildcards.arm, int(wildcards.seed))
    return decoding(wildcards.task, config["evaluation"]["branches"] if cell in BRANCHING else 1)


def evaluated(kind):
    """A table of every evaluated cell, on the split that evaluation uses."""
    split = config["evaluation"]["split"]
    return [
        f"results/evaluation/{kind}/{c.model}/{c.task}/{c.arm}/seed-{c.seed}/{split}.parquet"
        for c in EVALUATED
    ]


def compared_cells(wildcards):
    """The cells of one model and task."""
    return [cell for cell in EVALUATED if cell[:2] == (wildcards.model, wildcards.task)]


def compared_answers(wildcards):
    """Answers of every arm and seed of one model and task."""
    w = wildcards
    return [
        f"results/evaluation/answers.parquet/{w.model}/{w.task}/{c.arm}/seed-{c.seed}/{w.split}.parquet"
        for c in compared_cells(wildcards)
    ]


def compared_costs(wildcards):
    """Costs of the trainings of one model and task; the base has none."""
    w = wildcards
    return [
        f"results/lora/{w.model}/{w.task}/{c.arm}/seed-{c.seed}/cost.parquet"
        for c in compared_cells(wildcards)
        if c.arm != grid.BASE
    ]


def compared_options(wildcards, input):
    """Costs as repeated options."""
    return " ".join(f"--cost {path}" for path in input.costs)


def reference_arm(wildcards):
    """The arm that the others of one model and task are compared with."""
    return grid.references(config)[wildcards.model, wildcards.task]


def compared(kind):
    """A table of every model and task that is evaluated, on the split that evaluation uses."""
    split = config["evaluation"]["split"]
    pairs = dict.fromkeys((cell.model, cell.task) for cell in EVALUATED)
    return [f"results/evaluation/{kind}/{model}/{task}/{split}.parquet" for model, task in pairs]
