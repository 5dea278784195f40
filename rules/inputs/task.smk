"""What the rules of task read and pass on, where that depends on wildcards or the config."""


def task_documents(wildcards):
    """The two languages that a translation task is made from; nothing for other kinds."""
    task = config["tasks"][wildcards.task]
    if task["kind"] != "translation":
        return []
    return [
        f"results/corpus/{task['corpus']}/{wildcards.split}/{task[side]}.parquet"
        for side in ("source", "target")
    ]


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
