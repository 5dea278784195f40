"""What the rules of interference read and pass on, where that depends on wildcards or the config."""


def compared_tables(wildcards):
    """The items of each task that is compared on a model, by task."""
    split = config["interference"]["split"]
    return {task: f"results/task/{task}/{split}.parquet" for task in COMPARED[wildcards.model]}


def compared_items(wildcards):
    """The items of all these tasks."""
    return list(compared_tables(wildcards).values())


def compared_option(wildcards):
    """Tasks with their items as one command-line argument."""
    return as_json(compared_tables(wildcards))


def compared_chats(wildcards):
    """The tasks whose prompts go into the chat template, each as an option."""
    chats = filter(chat_of, COMPARED[wildcards.model])
    return [word for task in chats for word in ("--chat", task)]


def compared_names(wildcards):
    """The columns that say what is compared."""
    return as_json({"model": wildcards.model, "split": config["interference"]["split"]})


def of_compared_models(table):
    """A table of every model that tasks are compared on."""
    return [f"results/interference/{model}/{table}.parquet" for model in COMPARED]
