"""What the rules of targets read and pass on, where that depends on wildcards or the config."""


def corpus_tables():
    """Every language and split of every corpus."""
    return [
        f"results/corpus/{name}/{split}/{lang}.parquet"
        for name, corpus in config["corpora"].items()
        for split in ("train", "dev", "test")
        for lang in corpus["languages"]
    ]


def model_tables():
    """Every model that something is trained, measured or probed on."""
    stages = ("pretraining", "lora", "interference", "attention")
    grids = [block for stage in stages for block in config[stage]["grid"]]
    models = {model for block in grids for model in block["models"]} | (
        set(config["tokenizer"]["pretrained"]) - IMPORTS.keys()
    )
    return [f"results/model/{model}/files.parquet" for model in sorted(models)]


def adapter_tables():
    """What there is to know of all adapters."""
    tables = ["costs", "memory", "arms", *(["tuning"] if tunings() else [])]
    return [f"results/lora/{table}.parquet" for table in tables]


def paper_figures():
    """Every figure in every format of the config."""
    return [
        f"results/paper/figures/{figure}.{kind}" for figure in FIGURES for kind in config["paper"]["formats"]
    ]


def paper_tables():
    """Every LaTeX table."""
    return [f"results/paper/tables/{table}.tex" for table in TABLES]
