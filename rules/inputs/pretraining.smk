"""What the rules of pretraining read and pass on, where that depends on wildcards or the config."""


def outcome(model, arm, seed):
    """Record of a model that the stage trained; of base the model as it was."""
    if arm == grid.BASE:
        return f"results/model/{model}/files.parquet"
    return f"results/pretraining/{model}/{arm}/seed-{seed}/model/files.parquet"


def pretraining_start(wildcards):
    """Record of the model that a training starts from: the arm before, or the model itself."""
    return outcome(wildcards.model, grid.before(config, wildcards.arm), wildcards.seed)


def pretraining_outcome(wildcards):
    """Record of the model that is scored."""
    return outcome(wildcards.model, wildcards.arm, wildcards.seed)


def redraw_option(wildcards):
    """Each seed has weights of its own, where a model from scratch is trained for the first time."""
    base = config["models"][wildcards.model].get("base")
    scratch = base is not None and config["models"][base]["source"] == "scratch"
    return "--redraw" if scratch and grid.before(config, wildcards.arm) == grid.BASE else ""


def pretraining_text(wildcards):
    """Training documents of an arm's languages."""
    text = config["pretraining"]["arms"][wildcards.arm]["text"]
    return [f"results/corpus/{text['corpus']}/train/{lang}.parquet" for lang in text["languages"]]


def pretraining_reading(wildcards):
    """How an arm reads its text."""
    text = config["pretraining"]["arms"][wildcards.arm]["text"]
    characters = config["pretraining"]["characters"]
    return as_json({"bytes_per_language": text["bytes_per_language"], "characters": characters})


def pretraining_budget(wildcards):
    """Training steps and segments a step of an arm."""
    return as_json(config["pretraining"]["arms"][wildcards.arm]["training"])


def pretraining_recipe(wildcards):
    """How an arm trains, whatever it reads and for how long."""
    elsewhere = {"after", "text", "training"}
    arm = config["pretraining"]["arms"][wildcards.arm]
    return as_json({"name": wildcards.arm} | {key: arm[key] for key in arm if key not in elsewhere})


def pretraining_names(wildcards):
    """The columns that say which model a row belongs to."""
    names = {"model": wildcards.model, "arm": wildcards.arm, "seed": int(wildcards.seed)}
    return as_json(names | grid.tokenizer_of(config, wildcards.model))


def documents_of(texts, split):
    """The documents of some corpora, each with its languages, of one split."""
    return [
        f"results/corpus/{text['corpus']}/{split}/{lang}.parquet"
        for text in texts
        for lang in text["languages"]
    ]


def scored_documents(wildcards):
    """The documents that all models of the stage are scored on."""
    scored = config["pretraining"]["scored"]
    return documents_of(scored["text"], scored["split"])


def pretrained(name):
    """A file of every model that the stage trains, and where one is scored too of what it started from."""
    cells = [(c.model, c.arm, c.seed) for c in PRETRAINED]
    if name == "bits.parquet":
        starts = {(c.model, grid.BASE, 0) for c in PRETRAINED if grid.before(config, c.arm) == grid.BASE}
        cells = [*sorted(starts), *cells]
    return [f"results/pretraining/{model}/{arm}/seed-{seed}/{name}" for model, arm, seed in cells]


def pretraining_arms():
    """Of each arm the one that it starts from, and what it reads."""
    return as_json(
        {
            name: {"before": grid.before(config, name), **arm["text"]}
            for name, arm in config["pretraining"]["arms"].items()
        }
    )
