"""What the rules of selfimprove read and pass on, where that depends on wildcards or the config."""


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


def start_tuning(wildcards):
    """Table of the tuning of the start arm; nothing where the config has its learning rate."""
    return tuning_of(wildcards.model, wildcards.task, loop_of(wildcards)["start"])


def round_options(wildcards, input):
    """The adapter that a round's training goes on from, and a tuned learning rate."""
    tuning = f" --tuning {input.tuning}" if input.tuning else ""
    return f"--start {Path(input.start).parent}{tuning}"


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
    """Decoding of a loop's pools and of its tests."""
    return decoding(wildcards.task, loop_of(wildcards)["decoding"])


def loop_filter(wildcards):
    """How a loop selects chains."""
    return loop_of(wildcards)["filter"]


def loop_keep(wildcards):
    """Share of a pool that a loop keeps."""
    return loop_of(wildcards)["keep"]


def loop_arm(wildcards):
    """The arm that a loop trains: that of its start."""
    return as_json(grid.trained_as(ARMS, loop_of(wildcards)["start"]))


def loop_budget(wildcards):
    """Training steps and rows a step of a round."""
    return as_json(loop_of(wildcards)["training"])


def loop_names(wildcards, split):
    """Columns of a round's rows: its arm is named after loop and round."""
    arm = f"{wildcards.loop}-round-{wildcards.round}"
    names = {"model": wildcards.model, "task": wildcards.task, "arm": arm, "seed": int(wildcards.seed)}
    return as_json({**names, "split": split, "decoding": loop_of(wildcards)["decoding"]})


def pool_names(wildcards):
    """Columns of the branches of a round's pool."""
    return loop_names(wildcards, f"pool-{wildcards.round}")


def test_names(wildcards):
    """Columns of the branches by which a round is judged."""
    return loop_names(wildcards, config["evaluation"]["split"])


def round_names(wildcards):
    """Columns of the cost of a round's training."""
    names = json.loads(loop_names(wildcards, ""))
    return as_json({key: value for key, value in names.items() if key not in ("split", "decoding")})
