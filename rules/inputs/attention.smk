"""What the rules of attention read and pass on, where that depends on wildcards or the config."""


def reach_domains(wildcards):
    """For each kind of text its corpus and its files: two for translation."""
    split, domains = config["attention"]["split"], {}
    for domain, block in config["attention"]["domains"].items():
        folder = f"results/corpus/{block['corpus']}/{split}"
        files = [f"{folder}/{block[side]}.parquet" for side in ("source", "target", "lang") if side in block]
        domains[domain] = {"corpus": block["corpus"], "files": files}
    return domains


def reach_settings(wildcards):
    """Kinds of text as one command-line argument."""
    return as_json(reach_domains(wildcards))


def reach_documents(wildcards):
    """The documents of all kinds of text."""
    return sorted({file for domain in reach_domains(wildcards).values() for file in domain["files"]})


def reach_tables(wildcards):
    """One table per model and arm of the grid."""
    grid = config["attention"]["grid"]
    cells = {(model, arm) for block in grid for model in block["models"] for arm in block["arms"]}
    return [f"results/attention/{model}/{arm}/reach.parquet" for model, arm in sorted(cells)]
