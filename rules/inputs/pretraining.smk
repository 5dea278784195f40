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
    return documents_of(TEXT_ARMS[wildcards.arm]["text"], "train")


def pretraining_reading(wildcards):
    """How an arm reads its text; of mixed text all corpora must have as much as it asks for."""
    arm = TEXT_ARMS[wildcards.arm]
    limits = {text["corpus"]: text["bytes_per_language"] for text in arm["text"]}
    reading = {"bytes_per_language": limits, "characters": config["pretraining"]["characters"]}
    return as_json(reading | {"complete": arm["share"] is not None})


def pretraining_budget(wildcards):
    """Training steps of an arm, and segments or bytes a step."""
    return as_json(TEXT_ARMS[wildcards.arm]["training"])


def pretraining_recipe(wildcards):
    """How an arm trains, whatever it reads and for how long."""
    elsewhere = {"after", "text", "training", "share", "fixed"}
    arm = TEXT_ARMS[wildcards.arm]
    return as_json({key: arm[key] for key in arm if key not in elsewhere})


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


def scored_solutions(wildcards):
    """The task items whose solutions all models of the stage are scored on."""
    scored = config["pretraining"]["scored"]
    return [f"results/task/{task}/{scored['split']}.parquet" for task in scored["tasks"]]


def solutions_options(wildcards, input):
    """Tables of task items as repeated options."""
    return repeated("solutions", input.solutions)


def read_options(wildcards, input):
    """Tables of what trainings read, as repeated options."""
    return repeated("read", input.texts)


def pretrained(name):
    """A file of every model that the stage trains, and where one is scored too of what it started from."""
    cells = [(c.model, c.arm, c.seed) for c in PRETRAINED]
    if name == "bits.parquet":
        starts = {(c.model, grid.BASE, 0) for c in PRETRAINED if grid.before(config, c.arm) == grid.BASE}
        cells = [*sorted(starts), *cells]
    return [f"results/pretraining/{model}/{arm}/seed-{seed}/{name}" for model, arm, seed in cells]


def code_shares():
    """The trainings that mix code into their text."""
    return [cell for cell in PRETRAINED if TEXT_ARMS[cell.arm]["share"]]


def pretraining_arms():
    """Of each arm the one that it starts from, and what it reads."""
    told = ("block", "text", "share", "fixed")
    return as_json(
        {
            name: {"before": grid.before(config, name), **{key: arm[key] for key in told}}
            for name, arm in TEXT_ARMS.items()
        }
    )
