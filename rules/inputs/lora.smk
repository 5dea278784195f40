"""What the rules of lora read and pass on, where that depends on wildcards or the config."""


def trained(name):
    """A file of every trained cell."""
    return [f"results/lora/{c.model}/{c.task}/{c.arm}/seed-{c.seed}/{name}" for c in TRAINED]


def adapter_folder(wildcards, output):
    """Folder of the adapter that is trained."""
    return str(Path(output.weights).parent)


def start_option(wildcards, input):
    """The adapter that training goes on from, as an option."""
    return f"--start {Path(input.start).parent}"


def arm_settings(wildcards):
    """Settings of an arm; none for the base."""
    return as_json(ARMS.get(wildcards.arm, {}))


def task_budget(wildcards):
    """Training steps and rows a step of a task."""
    return as_json(config["tasks"][wildcards.task]["training"])


def cell_names(wildcards):
    """The columns that say which cell a row belongs to."""
    names = {key: wildcards[key] for key in ("model", "task", "arm", "split") if key in wildcards.keys()}
    return as_json({**names, "seed": int(wildcards.seed)})
