"""What the rules of corpus read and pass on, where that depends on wildcards or the config."""


def archive_pin(wildcards):
    """Package, version and hash of an archive."""
    return config["archives"][wildcards.archive]


def corpus_code(wildcards):
    """The code that builds a corpus: of the sources only the module of its kind."""
    kind = config["corpora"][wildcards.corpus]["kind"]
    source = code.closure(SCRIPTS / "lib" / "sources" / f"{kind}.py")
    return sorted({*lib("corpus_build"), *map(os.path.relpath, source)})


def corpus_inputs(wildcards):
    """Archives of a catalog corpus, or the user's own files, in the order of the config."""
    corpus = config["corpora"][wildcards.corpus]
    if corpus["kind"] == "local":
        patterns = corpus["files"][wildcards.lang]
        return list(
            dict.fromkeys(path for p in patterns for path in sorted(glob.glob(p, recursive=True)) or [p])
        )
    return [f"results/corpus/archives/{name}.whl" for name in corpus.get("archives", [])]


def corpus_settings(wildcards):
    """What the documents of one language depend on beside their files: nothing of other languages."""
    corpus = config["corpora"][wildcards.corpus]
    elsewhere = {"languages", "archives", "files", "datasets"}
    settings = {key: value for key, value in corpus.items() if key not in elsewhere}
    match corpus["kind"]:
        case "huggingface":
            settings["dataset"] = corpus["datasets"][wildcards.lang]
        case "stdlib":
            settings["python"] = platform.python_version()
    return as_json(settings)
