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
    """What the items of a task depend on: neither how many other splits have, nor how they are used."""
    used_later = {"items", "max_new_tokens", "stop", "training"}
    return as_json(
        {key: value for key, value in config["tasks"][wildcards.task].items() if key not in used_later}
    )


def task_size(wildcards):
    """Items in a split; all pools have one size."""
    return config["tasks"][wildcards.task]["items"][wildcards.split.split("-")[0]]
