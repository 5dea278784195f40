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


def decoding(task, name):
    """Settings of one way of decoding, for a task."""
    how = {key: config["tasks"][task][key] for key in ("max_new_tokens", "stop")}
    how |= grid.decodings(config)[name] | {"rows": config["evaluation"]["rows"]}
    needs = {"sample": {"seed": config["seed"]}, "tree": {"filter": config["evaluation"]["filter"]}}
    return as_json(how | needs.get(how["how"], {}))


def decoding_settings(wildcards):
    """Settings of a cell's decoding."""
    return decoding(wildcards.task, wildcards.decoding)


def answers_of(cell, split):
    """Answers of a cell, a table for each way in which it was decoded."""
    c = cell
    folder = f"results/evaluation/answers.parquet/{c.model}/{c.task}/{c.arm}/seed-{c.seed}/{split}"
    return [f"{folder}/{name}.parquet" for name in DECODED[cell]]


def cell_answers(wildcards):
    """Answers of the cell of a job."""
    w = wildcards
    return answers_of(grid.Cell(w.model, w.task, w.arm, int(w.seed)), w.split)


def evaluated(kind):
    """A table of every evaluated cell, on the split that evaluation uses."""
    split = config["evaluation"]["split"]
    return [
        f"results/evaluation/{kind}/{c.model}/{c.task}/{c.arm}/seed-{c.seed}/{split}.parquet" for c in DECODED
    ]


def compared_cells(wildcards):
    """The cells of one model and task."""
    return [cell for cell in DECODED if cell[:2] == (wildcards.model, wildcards.task)]


def compared_answers(wildcards):
    """Answers of every arm and seed of one model and task."""
    return [path for cell in compared_cells(wildcards) for path in answers_of(cell, wildcards.split)]


def compared_costs(wildcards):
    """Costs of the trainings of one model and task; the base has none."""
    w = wildcards
    return [
        f"results/lora/{w.model}/{w.task}/{c.arm}/seed-{c.seed}/cost.parquet"
        for c in compared_cells(wildcards)
        if c.arm != grid.BASE
    ]


def cost_options(wildcards, input):
    """Costs as repeated options."""
    return repeated("cost", input.costs)


def reference_arm(wildcards):
    """The arm that the others of one model and task are compared with."""
    return grid.references(config)[wildcards.model, wildcards.task]


def compared(kind):
    """A table of every model and task that is evaluated, on the split that evaluation uses."""
    split = config["evaluation"]["split"]
    pairs = dict.fromkeys((cell.model, cell.task) for cell in DECODED)
    return [f"results/evaluation/{kind}/{model}/{task}/{split}.parquet" for model, task in pairs]


def harness_task(wildcards):
    """The task of this project that a suite is, by its name; None for a task of lm-eval."""
    own = wildcards.suite.removeprefix(grid.OWN)
    return None if own == wildcards.suite else own


def harness_items(wildcards):
    """The items of a task of this project; a task of lm-eval reads its own."""
    task = harness_task(wildcards)
    return f"results/task/{task}/{config['evaluation']['split']}.parquet" if task else []


def harness_files(wildcards):
    """The user's folder with tasks of lm-eval, file by file, so that an edit judges anew."""
    folder = config["evaluation"]["harness"].get("include_path")
    if harness_task(wildcards) or not folder:
        return []
    return sorted(str(path) for path in Path(folder).rglob("*") if path.is_file())


def harness_options(wildcards, input):
    """What a suite is made from, and how much of it is used, as options."""
    harness, options = config["evaluation"]["harness"], []
    if task := harness_task(wildcards):
        options += ["--items", input.questions, *chat_of(task).split()]
        options += ["--generation", decoding(task, "greedy")] if task in WRITING else []
    elif "include_path" in harness:
        options += ["--include-path", harness["include_path"]]
    return [*options, *(["--limit", harness["limit"]] if "limit" in harness else [])]


def harness_samples():
    """What lm-eval judges: every cell of its grid by every suite."""
    harness = config["evaluation"]["harness"]
    return [
        f"results/evaluation/harness/{suite}/{c.model}/{c.task}/{c.arm}/seed-{c.seed}.parquet"
        for suite in harness["tasks"]
        for c in grid.cells(harness["grid"])
    ]


def held_out_documents():
    """The text that is held out from adapters."""
    return documents_of(config["evaluation"]["forgetting"]["text"], config["evaluation"]["split"])


def held_out_names(wildcards):
    """The columns that say whose bits these are; the base belongs to no task."""
    names = json.loads(cell_names(wildcards))
    return as_json(names | ({"task": None} if wildcards.arm == grid.BASE else {}))


def held_out_costs():
    """Costs of the adapters that read held-out text."""
    return [
        f"results/lora/{c.model}/{c.task}/{c.arm}/seed-{c.seed}/cost.parquet" for c in grid.held_out(config)
    ]


def held_out_bits():
    """Bits of the adapters that are asked for, and of the models that they were trained on."""
    cells = grid.held_out(config)
    bases = dict.fromkeys(grid.Cell(cell.model, grid.BASE, grid.BASE, 0) for cell in cells)
    return [
        f"results/evaluation/forgetting/{c.model}/{c.task}/{c.arm}/seed-{c.seed}.parquet"
        for c in [*bases, *cells]
    ]
