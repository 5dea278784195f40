"""What the rules of task read and pass on, where that depends on wildcards or the config."""


def task_documents(wildcards):
    """The languages of a corpus that a task is made from: of text one, of translation two; else nothing."""
    task = config["tasks"][wildcards.task]
    sides = {"text": ("lang",), "translation": ("source", "target")}.get(task["kind"], ())
    return [f"results/corpus/{task['corpus']}/{wildcards.split}/{task[side]}.parquet" for side in sides]


def task_records(wildcards):
    """The user's file of a records task; nothing for other kinds, or where the records are on the hub."""
    return config["tasks"][wildcards.task].get("path", [])


def task_settings(wildcards):
    """What the items of a task depend on: neither how many other splits have, nor how they are used.

    The solutions of a pool are all worked: nothing but gold chains trains on them.
    """
    used_later = {"items", "max_new_tokens", "stop", "training"}
    task = {key: value for key, value in config["tasks"][wildcards.task].items() if key not in used_later}
    if wildcards.split.startswith("pool") and "worked_share" in task:
        task["worked_share"] = 1
    return as_json(task)


def task_size(wildcards):
    """Items in a split; all pools have one size."""
    return config["tasks"][wildcards.task]["items"][wildcards.split.split("-")[0]]


def checked_splits(wildcards):
    """Every split that adapters and loops train on, choose by or are scored on, of tasks that ask something."""
    tasks = {cell.task: config["tasks"][cell.task]["items"] for cell in TRAINED}
    read = [(task, split) for task in tasks for split in ("train", config["evaluation"]["split"])]
    read += [(task, "dev") for _, task, _ in grid.tunings(config)]
    read += [(task, "template") for task, items in tasks.items() if "template" in items]
    for cell in LOOPS:
        loop = config["selfimprove"]["loops"][cell.arm]
        read += [(cell.task, f"pool-{number + 1}") for number in range(loop["rounds"] * loop["pools"])]
    tests = config["selfimprove"]["tests"] if LOOPS else []
    read += [(test["task"], test["split"]) for test in tests]
    asked = (pair for pair in dict.fromkeys(read) if grid.asks(config, pair[0]))
    return [f"results/task/{task}/{split}.parquet" for task, split in asked]
