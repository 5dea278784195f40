"""What the rules of selfimprove read and pass on, where that depends on wildcards or the config."""

# The loops that run, each as wildcards.
RUNS = [SimpleNamespace(model=c.model, task=c.task, loop=c.arm, seed=str(c.seed)) for c in LOOPS]


def loop_of(wildcards):
    """Settings of the loop."""
    return config["selfimprove"]["loops"][wildcards.loop]


def round_file(wildcards, number, name):
    """A file of one round of the loop that the wildcards name."""
    w = wildcards
    return f"results/selfimprove/{w.model}/{w.task}/{w.loop}/seed-{w.seed}/round-{number}/{name}"


def start_file(wildcards, number, name):
    """The same of the first loop of the grid that starts alike: what start adapters do is done once."""
    keys = ["start", "decoding", *(["pools"] if number else [])]

    def beginning(run):
        return run.model, run.task, run.seed, *(loop_of(run)[key] for key in keys)

    alike = (run for run in [*RUNS, wildcards] if beginning(run) == beginning(wildcards))
    return round_file(next(alike), number, name)


def pool_file(wildcards, name):
    """A file of what a round's pool came to; round 1 reads it with the start adapter."""
    place = start_file if wildcards.round == "1" else round_file
    return place(wildcards, wildcards.round, name)


def loops(name):
    """A file of every loop that runs."""
    return [f"results/selfimprove/{w.model}/{w.task}/{w.loop}/seed-{w.seed}/{name}" for w in RUNS]


def loop_tasks(name):
    """A file of every model and task that loops run on."""
    return list(dict.fromkeys(f"results/selfimprove/{w.model}/{w.task}/{name}" for w in RUNS))


def loop_start(wildcards):
    """Weights of the arm that the loop starts from."""
    return adapter_weights(wildcards.model, wildcards.task, loop_of(wildcards)["start"], wildcards.seed)


def adapter_after(wildcards, number):
    """Weights after a round: after none those of the start arm."""
    weights = "adapter/adapter_model.safetensors"
    return round_file(wildcards, number, weights) if number else loop_start(wildcards)


def previous_adapter(wildcards):
    """Weights that a round decodes its pool with."""
    return adapter_after(wildcards, int(wildcards.round) - 1)


def round_adapter(wildcards):
    """Weights that a round is judged by."""
    return adapter_after(wildcards, int(wildcards.round))


def start_adapter(wildcards):
    """Weights that a round's training goes on from: the previous round's, or the start arm's, or none."""
    choices = {"previous": previous_adapter, "start": loop_start, "base": lambda _: []}
    return choices[loop_of(wildcards)["from"]](wildcards)


def start_tuning(wildcards):
    """Table of the tuning of the start arm; nothing where the config has its learning rate."""
    return tuning_of(wildcards.model, wildcards.task, loop_of(wildcards)["start"])


def round_options(wildcards, input):
    """The adapter that a round's training goes on from, and a tuned learning rate."""
    start = f"--start {Path(input.start).parent}" if input.start else ""
    return f"{start} --tuning {input.tuning}" if input.tuning else start


def pools_of(wildcards):
    """The numbers of the pools that a round reads."""
    number, pools = int(wildcards.round), loop_of(wildcards)["pools"]
    return range((number - 1) * pools + 1, number * pools + 1)


def pool_tables(wildcards):
    """Tables of the pools that a round reads."""
    return [f"results/task/{wildcards.task}/pool-{number}.parquet" for number in pools_of(wildcards)]


def round_pool(wildcards):
    """Table of a round's questions: that of its pool, or of several put together."""
    tables = pool_tables(wildcards)
    return tables[0] if len(tables) == 1 else pool_file(wildcards, "pool.parquet")


def pool_branches(wildcards):
    """Branches of a round's pool."""
    return pool_file(wildcards, "branches.parquet")


def pool_answers(wildcards):
    """Answers of a round's pool."""
    return pool_file(wildcards, "answers.parquet")


def gated_answers():
    """Answers of every first pool; loops that start alike share theirs."""
    return list(dict.fromkeys(start_file(run, 1, "answers.parquet") for run in RUNS))


def round_examples(wildcards):
    """Chains that a round trains on: its own, and where the loop accumulates those of all before."""
    number = int(wildcards.round)
    first = 1 if loop_of(wildcards)["accumulate"] else number
    return [round_file(wildcards, n, "selected.parquet") for n in range(first, number + 1)]


def loop_rounds(wildcards):
    """The numbers of a loop's rounds, from 1."""
    return range(1, loop_of(wildcards)["rounds"] + 1)


def of_rounds(name):
    """Input function: a file of every round."""
    return lambda wildcards: [round_file(wildcards, n, name) for n in loop_rounds(wildcards)]


def tests_of(task):
    """What the rounds of a task's loops are judged on, as tasks and splits: first its own."""
    others = ((test["task"], test["split"]) for test in config["selfimprove"]["tests"])
    return list(dict.fromkeys([(task, config["evaluation"]["split"]), *others]))


def all_round_scores(wildcards):
    """Scores of all tests, of the start adapter and then of every round."""
    w, (own, *others) = wildcards, tests_of(wildcards.task)
    start = loop_of(wildcards)["start"]
    return [
        f"results/evaluation/cells/{w.model}/{w.task}/{start}/seed-{w.seed}/{own[1]}.parquet",
        *(start_file(w, 0, f"tests/{task}/{split}/scores.parquet") for task, split in others),
        *(
            round_file(w, n, f"tests/{task}/{split}/scores.parquet")
            for n in loop_rounds(w)
            for task, split in (own, *others)
        ),
    ]


def all_held_out(wildcards):
    """Bits of held-out documents, of the start adapter and of every round; nothing if not asked for."""
    if not config["selfimprove"]["forgetting"]:
        return []
    return [start_file(wildcards, 0, "held_out.parquet"), *of_rounds("held_out.parquet")(wildcards)]


def round_tables(wildcards, input):
    """Tables of the rounds as repeated options."""
    kinds = {"selected": input.selected, "steps": input.steps, "held-out": input.held_out}
    return " ".join(repeated(kind, paths) for kind, paths in kinds.items())


def of_task(wildcards):
    """The loops that run on one model and task."""
    return [run for run in RUNS if (run.model, run.task) == (wildcards.model, wildcards.task)]


def last_round(wildcards):
    """The arm that the last round of a loop has come to, by its name in tables."""
    return writer(wildcards, loop_of(wildcards)["rounds"])


def main_loop(wildcards):
    """What the loops of a model and task are compared with: the last round of the first that the grid names."""
    return last_round(of_task(wildcards)[0])


def compared_loops(wildcards):
    """Answers of the start adapters and of the last rounds, to the questions of the task itself."""
    split, runs = config["evaluation"]["split"], of_task(wildcards)
    starts = (
        f"results/evaluation/answers.parquet/{w.model}/{w.task}/{own['start']}/seed-{w.seed}/{split}/"
        f"{own['decoding']}.parquet"
        for w, own in zip(runs, map(loop_of, runs))
    )
    name = f"tests/{wildcards.task}/{split}/answers.parquet"
    return [*dict.fromkeys(starts), *(round_file(run, loop_of(run)["rounds"], name) for run in runs)]


def compared_loop_costs(wildcards):
    """Costs of the same trainings."""
    runs = of_task(wildcards)
    starts = (
        f"results/lora/{w.model}/{w.task}/{loop_of(w)['start']}/seed-{w.seed}/cost.parquet" for w in runs
    )
    return [
        *dict.fromkeys(starts),
        *(round_file(run, loop_of(run)["rounds"], "cost.parquet") for run in runs),
    ]


def loop_decoding(wildcards):
    """Decoding of a loop's pools."""
    return decoding(wildcards.task, loop_of(wildcards)["decoding"])


def test_decoding(wildcards):
    """Decoding of a loop's tests."""
    return decoding(wildcards.tested, loop_of(wildcards)["decoding"])


def test_chat(wildcards):
    """Whether the prompts of a test go into the model's chat template, as an option."""
    return chat_of(wildcards.tested)


def round_cost(wildcards):
    """Cost of a round's training, in round 0 of that of the start arm."""
    w, start = wildcards, loop_of(wildcards)["start"]
    if w.round == "0":
        return f"results/lora/{w.model}/{w.task}/{start}/seed-{w.seed}/cost.parquet"
    return round_file(w, w.round, "cost.parquet")


def loop_filter(wildcards):
    """How a loop selects chains."""
    return loop_of(wildcards)["filter"]


def loop_cell(wildcards):
    """Columns that say which loop rounds are of."""
    names = {key: wildcards[key] for key in ("model", "task", "loop")}
    return as_json({**names, "filter": loop_filter(wildcards), "seed": int(wildcards.seed)})


def loop_keep(wildcards):
    """Share of a pool that a loop keeps."""
    return loop_of(wildcards)["keep"]


def loop_arm(wildcards):
    """The arm that a loop trains: that of its start."""
    return as_json(grid.trained_as(ARMS, loop_of(wildcards)["start"]))


def loop_budget(wildcards):
    """Training steps of a round, and what a step reads."""
    return as_json(loop_of(wildcards)["training"])


def writer(wildcards, number):
    """What wrote with the weights after a round, by its name in tables: the start arm, or loop and round."""
    return f"{wildcards.loop}-round-{number}" if number else loop_of(wildcards)["start"]


def writer_names(wildcards, number, task, **more):
    """Columns of what was written with the weights after a round, or of these weights."""
    names = {"model": wildcards.model, "task": task, "arm": writer(wildcards, number)}
    return as_json({**names, "seed": int(wildcards.seed), **more})


def pool_names(wildcards):
    """Columns of the branches of a round's pool."""
    pools = list(pools_of(wildcards))
    split = "-".join(["pool", *map(str, dict.fromkeys([pools[0], pools[-1]]))])
    how = {"split": split, "decoding": loop_of(wildcards)["decoding"]}
    return writer_names(wildcards, int(wildcards.round) - 1, wildcards.task, **how)


def test_names(wildcards):
    """Columns of the branches by which a round is judged."""
    how = {"split": wildcards.split, "decoding": loop_of(wildcards)["decoding"]}
    return writer_names(wildcards, int(wildcards.round), wildcards.tested, **how)


def round_names(wildcards):
    """Columns of a round's adapter."""
    return writer_names(wildcards, int(wildcards.round), wildcards.task)
