"""What the rules of lora read and pass on, where that depends on wildcards or the config."""


def trained(name):
    """A file of every trained cell."""
    return [f"results/lora/{c.model}/{c.task}/{c.arm}/seed-{c.seed}/{name}" for c in TRAINED]


def probed(name):
    """A file of every probed arm."""
    return [f"results/lora/{c.model}/{c.task}/{c.arm}/{name}" for c in PROBED]


def probed_cell(wildcards):
    """The cell that is probed: an arm with the seed that it is probed with."""
    return next(cell for cell in PROBED if cell[:3] == (wildcards.model, wildcards.task, wildcards.arm))


def probed_names(wildcards):
    """The columns that say what is probed, and the seed."""
    return as_json(probed_cell(wildcards)._asdict())


def probed_under(wildcards):
    """Weights of the adapter that lies under a probed arm, with the same seed; nothing for most arms."""
    under, cell = ARMS[wildcards.arm].get("under"), probed_cell(wildcards)
    return adapter_weights(cell.model, under["task"], under["arm"], cell.seed) if under else []


def probed_decoding(wildcards):
    """Decoding of a probe: greedy, as most adapters are evaluated."""
    return decoding(wildcards.task, "greedy")


def whole_machine(wildcards):
    """All cores that this run may use: nothing runs beside. On a cluster the profile keeps the node free."""
    return workflow.cores if workflow.local_exec else config["compute"]["threads"]


def adapter_weights(model, task, arm, seed):
    """Weights of a trained adapter."""
    return f"results/lora/{model}/{task}/{arm}/seed-{seed}/adapter/adapter_model.safetensors"


def lower_adapter(wildcards):
    """Weights of the adapter that lies under an arm, of the same model and seed; nothing for most arms."""
    under = ARMS[wildcards.arm].get("under")
    return adapter_weights(wildcards.model, under["task"], under["arm"], wildcards.seed) if under else []


def under_option(wildcards, input):
    """The adapter that an arm is put on, as an option; nothing for most arms."""
    return f"--under {Path(input.under).parent}" if input.under else ""


def tuning_of(model, task, arm):
    """Table of the tuning of an arm's learning rate; nothing where the config has the rate."""
    tuned = ARMS[arm]["learning_rate"] == grid.TUNED
    return f"results/lora/{model}/{task}/{arm}/tuning.parquet" if tuned else []


def cell_tuning(wildcards):
    """Table of the tuning of a cell's learning rate; nothing where the config has the rate."""
    return tuning_of(wildcards.model, wildcards.task, wildcards.arm)


def tunings():
    """The tables of all tunings that trained cells need."""
    return [f"results/lora/{model}/{task}/{arm}/tuning.parquet" for model, task, arm in grid.tunings(config)]


def arm_options(wildcards, input):
    """What an arm needs beside its settings: an adapter below, a tuned rate; nothing for most arms."""
    tuning = f"--tuning {input.tuning}" if input.tuning else ""
    return f"{under_option(wildcards, input)} {tuning}"


def training_options(wildcards, input):
    """What a training reads beside its items: as an arm, and the plan of its grid."""
    return f"{arm_options(wildcards, input)} --plan {PLAN}"


def tuning_lower_adapter(wildcards):
    """As for a cell, with the seed of tuning."""
    under, seed = ARMS[wildcards.arm].get("under"), config["lora"]["tuning"]["seed"]
    return adapter_weights(wildcards.model, under["task"], under["arm"], seed) if under else []


def tuning_names(wildcards):
    """The columns that say which arm is tuned, on what."""
    names = {key: wildcards[key] for key in ("model", "task", "arm")}
    return as_json({**names, "seed": config["lora"]["tuning"]["seed"]})


def tuning_budget(wildcards):
    """The steps of a trial, with as many rows a step as the task trains on."""
    rows = config["tasks"][wildcards.task]["training"]["rows"]
    return as_json({"steps": config["lora"]["tuning"]["steps"], "rows": rows})


def tuning_search(wildcards):
    """The rates that are tried, and whether the worse half of them stops early."""
    tuning = config["lora"]["tuning"]
    rates = tuning["by_method"].get(ARMS[wildcards.arm]["method"], tuning["learning_rates"])
    return as_json({"learning_rates": rates, "halving": tuning["halving"]})


def planned_cells():
    """The cells of the grid, as lib.together reads them."""
    return [
        {
            "cell": cell._asdict(),
            "arm": grid.trained_as(ARMS, cell.arm),
            "tuning": tuning_of(*cell[:3]) or None,
        }
        for cell in TRAINED
    ]


def adapter_memory(wildcards, attempt):
    """Memory of a training: full fine-tuning has gradients and moments of all weights."""
    arm = wildcards.arm if "arm" in wildcards.keys() else loop_of(wildcards)["start"]
    return (4000 if ARMS[arm]["method"] == "full" else 2000) * attempt


def adapter_folder(wildcards, output):
    """Folder of the adapter that is trained."""
    return str(Path(output.weights).parent)


def arm_settings(wildcards):
    """Settings that an arm trains with."""
    return as_json(grid.trained_as(ARMS, wildcards.arm))


def task_budget(wildcards):
    """Training steps and rows a step of a task."""
    return as_json(config["tasks"][wildcards.task]["training"])


def chat_of(task):
    """Whether the prompts of a task go into the model's chat template, as an option."""
    return "--chat" if config["tasks"][task].get("chat") else ""


def chat_option(wildcards):
    """The same for the task of a job."""
    return chat_of(wildcards.task)


def cell_names(wildcards):
    """The columns that say which cell a row belongs to."""
    names = {
        key: wildcards[key]
        for key in ("model", "task", "arm", "split", "decoding")
        if key in wildcards.keys()
    }
    return as_json({**names, "seed": int(wildcards.seed)})
