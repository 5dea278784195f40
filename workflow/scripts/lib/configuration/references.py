"""What a schema cannot say: that names exist, fit together, and that files are there.

Blocks define what exists and grids choose what runs: what is inside a block is checked when it runs.
"""

from __future__ import annotations

import glob
import itertools
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from lib import families, grid, languages
from lib.configuration.mistake import Key, Mistake, choose
from lib.decoding.words import WORDS


def _unknown(kind: str, key: Key, names: Collection[Any], known: Collection[Any]) -> Iterator[Mistake]:
    """A mistake for each name that does not exist; ``key`` is that of the list of names."""
    for position, name in enumerate(names):
        if name not in known:
            yield Mistake((*key, position), f"unknown {kind} {name!r}", choose(name, known))


def _grids(config: dict[str, Any], *path: str) -> Iterator[tuple[Key, dict[str, Any]]]:
    """The blocks of the grid at a path of keys, each with its own key; none where it is no list."""
    blocks = config
    for part in path:
        blocks = blocks[part]
    for position, block in enumerate(blocks if isinstance(blocks, list) else []):
        yield (*path, position), block


def _arms_of(config: dict[str, Any]) -> list[str]:
    return [grid.BASE, *grid.arms(config)]


def _used_models(config: dict[str, Any]) -> list[str]:
    """Models that run, with the bases of grafts."""
    blocks = [block for path in GRIDS for _, block in _grids(config, *path)]
    waiting = [model for block in blocks for model in block["models"]] + config["tokenizer"]["pretrained"]
    used: list[str] = []
    while waiting:
        name = waiting.pop(0)
        if name in config["models"] and name not in used:
            used.append(name)
            model = config["models"][name]
            waiting += [model["base"]] if model["source"] == "graft" else []
            waiting += [model["model"]] if model["source"] == "pretraining" else []
    return used


def _used_tasks(config: dict[str, Any]) -> list[str]:
    blocks = [block for path in GRIDS for _, block in _grids(config, *path)]
    scored = config["pretraining"]["scored"]["tasks"] if config["pretraining"]["grid"] else []
    used = {task for block in blocks for task in block.get("tasks", [])} | {*_judged_tasks(config), *scored}
    used |= {test["task"] for _, test in _loop_tests(config)}
    return [name for name in config["tasks"] if name in used]


def _loop_tests(config: dict[str, Any]) -> Iterator[tuple[Key, dict[str, Any]]]:
    """What rounds are judged on beside their own task, where loops run."""
    tests = config["selfimprove"]["tests"] if config["selfimprove"]["grid"] else []
    for position, test in enumerate(tests):
        yield ("selfimprove", "tests", position), test


def _judged_tasks(config: dict[str, Any]) -> list[str]:
    """Tasks of this configuration that lm-eval judges."""
    judged = config["evaluation"]["harness"]["tasks"]
    return [name.removeprefix(grid.OWN) for name in judged if name.startswith(grid.OWN)]


def _used_mixes(config: dict[str, Any]) -> list[str]:
    used = {mix for block in config["tokenizer"]["grid"] for mix in block["mixes"]}
    return [name for name in config["tokenizer"]["mixes"] if name in used]


def _used_pretraining(config: dict[str, Any]) -> list[str]:
    """Blocks of pretraining of which an arm runs."""
    used = {arm for block in config["pretraining"]["grid"] for arm in block["arms"]}
    arms = grid.text_arms(config)
    return list(dict.fromkeys(arm["block"] for name, arm in arms.items() if name in used))


def _read_texts(config: dict[str, Any]) -> Iterator[tuple[Key, dict[str, Any]]]:
    """What pretraining reads and is scored on, where it runs: corpora with languages."""
    used = _used_pretraining(config)
    for name, part in itertools.product(used, ("text", "code")):
        if part in (block := config["pretraining"]["arms"][name]):
            yield ("pretraining", "arms", name, part), block[part]
    for position, text in enumerate(config["pretraining"]["scored"]["text"] if used else []):
        yield ("pretraining", "scored", "text", position), text


def _held_out_texts(config: dict[str, Any]) -> Iterator[tuple[Key, dict[str, Any]]]:
    """What adapters are read with to see what they forgot, where any is: corpora with languages."""
    looped = config["selfimprove"]["forgetting"] and config["selfimprove"]["grid"]
    texts = config["evaluation"]["forgetting"]["text"] if grid.held_out(config) or looped else []
    for position, text in enumerate(texts):
        yield ("evaluation", "forgetting", "text", position), text


def _used_corpora(config: dict[str, Any]) -> list[str]:
    used = [
        *config["tokenizer"]["corpora"],
        *(config["tokenizer"]["mixes"][name]["corpus"] for name in _used_mixes(config)),
        *(config["tasks"][name].get("corpus") for name in _used_tasks(config)),
        *(domain["corpus"] for domain in config["attention"]["domains"].values()),
        *(text["corpus"] for _, text in _read_texts(config)),
        *(text["corpus"] for _, text in _held_out_texts(config)),
    ]
    return [name for name in config["corpora"] if name in used]


def _names(config: dict[str, Any]) -> Iterator[Mistake]:
    """Names in grids and lists that no block defines."""
    known = {
        "models": config["models"],
        "tasks": config["tasks"],
        "arms": _arms_of(config),
        "loops": config["selfimprove"]["loops"],
        "decoding": config["evaluation"]["decoding"],
        "mixes": config["tokenizer"]["mixes"],
    }
    for path in [*GRIDS, ("tokenizer", "grid")]:
        for key, block in _grids(config, *path):
            for axis in sorted(block.keys() & known.keys()):
                choices = known[axis]
                if axis == "arms" and path[0] == "lora":
                    choices = list(grid.arms(config))
                if (*path, axis) == ("pretraining", "grid", "arms"):
                    choices = grid.text_arms(config)
                yield from _unknown(ONE[axis], (*key, axis), block[axis], choices)
    tokenizer = config["tokenizer"]
    for key, block in (found for path in GRIDS for found in _grids(config, *path)):
        yield from _shapes(config, (*key, "models"), block["models"])
    yield from _shapes(config, ("tokenizer", "pretrained"), tokenizer["pretrained"])
    pretrained = [*tokenizer["imports"], *config["models"]]
    yield from _unknown("tokenizer", ("tokenizer", "pretrained"), tokenizer["pretrained"], pretrained)
    yield from _unknown("corpus", ("tokenizer", "corpora"), tokenizer["corpora"], config["corpora"])


def _shapes(config: dict[str, Any], key: Key, names: list[str]) -> Iterator[Mistake]:
    """A mistake for each model that is only a shape where a model is needed."""
    for position, name in enumerate(names):
        if config["models"].get(name, {}).get("source") == "scratch":
            grafts = [graft for graft, model in config["models"].items() if model.get("base") == name]
            problem = f"model {name!r} is a shape without a tokenizer"
            yield Mistake((*key, position), problem, choose(name, grafts))


def _corpora(config: dict[str, Any]) -> Iterator[Mistake]:
    for name in _used_corpora(config):
        corpus, key = config["corpora"][name], ("corpora", name)
        if sum(corpus["split"].values()) >= 1:
            yield Mistake(
                (*key, "split"), "dev and test leave nothing to train on", "give shares whose sum is below 1"
            )
        if corpus["kind"] == "gettext":
            yield from _unknown("archive", (*key, "archives"), corpus["archives"], config["archives"])
            yield from _unknown(
                "language", (*key, "languages"), corpus["languages"], sorted(languages.known())
            )
        if place := PER_LANGUAGE.get(corpus["kind"]):
            for lang in corpus["languages"]:
                if lang not in corpus[place]:
                    yield Mistake(
                        (*key, place), f"has nothing for {lang}", f"add {lang}, or take it out of languages"
                    )
        if corpus["kind"] == "local":
            for lang, patterns in corpus["files"].items():
                for position, pattern in enumerate(patterns):
                    if not glob.glob(pattern, recursive=True):
                        yield _missing((*key, "files", lang, position), pattern)


def _missing(key: Key, path: str) -> Mistake:
    return Mistake(key, f"no file {path!r}", f"correct the path; a relative one starts from {Path.cwd()}")


def _language(config: dict[str, Any], key: Key, corpus: str, lang: str) -> Iterator[Mistake]:
    """A mistake when a corpus that exists does not have the language."""
    if corpus in config["corpora"] and lang not in (known := config["corpora"][corpus]["languages"]):
        yield Mistake(key, f"corpus {corpus!r} has no language {lang!r}", choose(lang, known))


def _corpus(config: dict[str, Any], key: Key, name: str) -> Iterator[Mistake]:
    if name not in config["corpora"]:
        yield Mistake((*key, "corpus"), f"unknown corpus {name!r}", choose(name, config["corpora"]))


def _tokenizers(config: dict[str, Any]) -> Iterator[Mistake]:
    tokenizer = config["tokenizer"]
    for name in _used_mixes(config):
        mix, key = tokenizer["mixes"][name], ("tokenizer", "mixes", name)
        yield from _corpus(config, key, mix["corpus"])
        for part in ("languages", "except"):
            for position, lang in enumerate(mix.get(part, []) if mix.get(part) != "all" else []):
                yield from _language(config, (*key, part, position), mix["corpus"], lang)
        if mix["corpus"] in config["corpora"]:
            yield from _weighting(key, mix, grid.mix_languages(config, mix))
    for name in (name for name in tokenizer["imports"] if name in tokenizer["pretrained"]):
        yield from _import(config, ("tokenizer", "imports", name), tokenizer["imports"][name])
    shown = config["paper"]["corpus"]
    if shown not in tokenizer["corpora"]:
        problem = f"tokenizers are not measured on {shown!r}"
        yield Mistake(("paper", "corpus"), problem, choose(shown, tokenizer["corpora"]))
    yield from _language(config, ("paper", "language"), shown, config["paper"]["language"])
    yield from _language(config, ("tokenizer", "reference"), shown, tokenizer["reference"])
    measured = [*grid.tokenizers(config), *tokenizer["pretrained"]]
    if tokenizer["baseline"] not in measured:
        problem = f"no tokenizer {tokenizer['baseline']!r} is measured"
        yield Mistake(("tokenizer", "baseline"), problem, choose(tokenizer["baseline"], measured))
    for lang, path in tokenizer["morphs"].items():
        if not Path(path).is_file():
            yield _missing(("tokenizer", "morphs", lang), path)


def _weighting(key: Key, mix: dict[str, Any], chosen: list[str]) -> Iterator[Mistake]:
    """Whether a mix has languages, and can weigh each of them."""
    if not chosen:
        yield Mistake((*key, "except"), "leaves no language", "take a language out of it")
    if "weights" in mix:
        for lang in sorted(mix["weights"].keys() - set(chosen)):
            problem = f"the mix has no language {lang!r}"
            yield Mistake((*key, "weights", lang), problem, choose(lang, chosen))
        if missing := [lang for lang in chosen if lang not in mix["weights"]]:
            problem = f"has no weight for {', '.join(missing)}"
            yield Mistake((*key, "weights"), problem, "add one, or take the language out of the mix")
    unknown = [lang for lang in chosen if lang.split("_")[0] not in families.FAMILY_OF]
    if "buckets" in mix and unknown:
        problem = f"the family of {', '.join(unknown)} is not known"
        remedy = "add it to workflow/scripts/lib/families.py, or use temperature or weights"
        yield Mistake((*key, "buckets"), problem, remedy)


def _import(config: dict[str, Any], key: Key, chosen: dict[str, Any]) -> Iterator[Mistake]:
    if key[-1] in config["models"] or key[-1] in grid.tokenizers(config):
        yield Mistake(key, "is the name of a model or of a trained tokenizer too", "choose another name")
    if chosen["source"] == "wheel" and chosen["archive"] not in config["archives"]:
        problem = f"unknown archive {chosen['archive']!r}"
        yield Mistake((*key, "archive"), problem, choose(chosen["archive"], config["archives"]))
    if chosen["source"] == "file" and not Path(chosen["path"]).is_file():
        yield _missing((*key, "path"), chosen["path"])


def _models(config: dict[str, Any]) -> Iterator[Mistake]:
    for name in _used_models(config):
        model, key = config["models"][name], ("models", name)
        match model["source"]:
            case "wheel":
                if model["archive"] not in config["archives"]:
                    problem = f"unknown archive {model['archive']!r}"
                    yield Mistake((*key, "archive"), problem, choose(model["archive"], config["archives"]))
            case "folder":
                if not (Path(model["path"]) / "config.json").is_file():
                    yield _missing((*key, "path"), f"{model['path']}/config.json")
            case "gguf":
                if not Path(model["path"]).is_file():
                    yield _missing((*key, "path"), model["path"])
            case "graft":
                if name != (wanted := grid.graft_name(model)):
                    yield Mistake(key, "is a graft, which is named after its parts", f"call it {wanted!r}")
                whole = [other for other in config["models"] if config["models"][other]["source"] != "graft"]
                if model["base"] not in whole:
                    yield Mistake(
                        (*key, "base"),
                        f"no model {model['base']!r} to graft on",
                        choose(model["base"], whole),
                    )
                elif (model["init"] == "random") != (config["models"][model["base"]]["source"] == "scratch"):
                    problem = f"{model['init']!r} does not fit the base {model['base']!r}"
                    yield Mistake((*key, "init"), problem, "a base from scratch has random, no other has")
                if model["tokenizer"] not in (trained := grid.tokenizers(config)):
                    problem = f"tokenizer.grid trains no {model['tokenizer']!r}"
                    if model["tokenizer"] in config["tokenizer"]["imports"] and model["init"] == "focus":
                        problem += ": it is imported, so there is no mix of text for focus to learn from"
                    yield Mistake((*key, "tokenizer"), problem, choose(model["tokenizer"], trained))
            case "scratch":
                if model["hidden"] % (2 * model["heads"]):
                    problem = f"{model['hidden']} is no even multiple of {model['heads']} heads"
                    yield Mistake((*key, "hidden"), problem, "change one of the two")
            case "pretraining":
                cell = grid.Pretrained(model["model"], model["arm"], model["seed"])
                if cell not in (trained := grid.pretrained(config)):
                    problem = f"pretraining.grid does not train {_trained(cell)}"
                    yield Mistake(key, problem, choose(_trained(cell), [_trained(one) for one in trained]))


def _trained(cell: grid.Pretrained) -> str:
    return f"{cell.model} by {cell.arm}, seed {cell.seed}"


def _pretraining(config: dict[str, Any]) -> Iterator[Mistake]:
    blocks, arms, trained = config["pretraining"]["arms"], grid.text_arms(config), grid.pretrained(config)
    named = {block: [name for name, _ in grid.block_text_arms(config, block)] for block in blocks}
    yield from _named_once(("pretraining", "arms"), named, "for the model as it was")
    for name in _used_pretraining(config):
        key, earlier = ("pretraining", "arms", name, "after"), blocks[name].get("after")
        chain = [name]
        while earlier in arms and arms[earlier]["block"] not in chain:
            chain.append(arms[earlier]["block"])
            earlier = arms[earlier].get("after")
        if earlier in arms:
            yield Mistake(key, f"{name!r} comes after itself", "take it out of one of the arms")
        elif earlier is not None:
            yield Mistake(key, f"unknown arm {earlier!r}", choose(earlier, arms))
        yield from _reading(("pretraining", "arms", name), blocks[name])
    for cell in trained:
        earlier = arms.get(cell.arm, {}).get("after")
        if earlier in arms and cell._replace(arm=earlier) not in trained:
            problem = f"{_trained(cell)} starts from {earlier!r}, which is not trained"
            yield Mistake(("pretraining", "grid"), problem, "add it to the grid, with the same seed")
        plain = arms[cell.arm]["block"] if cell.arm in arms else cell.arm
        if cell._replace(arm=plain) not in trained:
            problem = f"{_trained(cell)} is compared with {plain!r}, which is not trained"
            yield Mistake(("pretraining", "grid"), problem, "add it to the grid, with the same seed")
    for key, text in _read_texts(config):
        yield from _text(config, key, text)
    scored, key = config["pretraining"]["scored"], ("pretraining", "scored")
    yield from _twice(scored["text"], (*key, "text"))
    yield from _unknown("task", (*key, "tasks"), scored["tasks"], config["tasks"])
    for task in sorted({text["corpus"] for text in scored["text"]} & set(scored["tasks"])):
        problem = f"task {task!r} has the name of a corpus that is scored"
        yield Mistake((*key, "tasks"), problem, "give one of the two another name")


def _reading(key: Key, block: dict[str, Any]) -> Iterator[Mistake]:
    """Whether code that is mixed into a text is another corpus, and steps are counted in what suits both."""
    if "code" in block and "rows" in block["training"]:
        problem = "counts steps in segments, which differ in bytes between code and text"
        yield Mistake((*key, "training", "rows"), problem, "give bytes in their place")
    if block.get("code", {}).get("corpus") == block["text"]["corpus"]:
        yield Mistake((*key, "code", "corpus"), "is the corpus of the text too", "choose another one")


def _named_once(key: Key, named: dict[str, list[str]], base: str) -> Iterator[Mistake]:
    """A mistake for each name that two blocks give to an arm, or that is that of the base.

    Args:
        key: of the blocks.
        named: the arms of each block.
        base: what the base stands for.
    """
    for name in dict.fromkeys(name for names in named.values() for name in names):
        of = [block for block, names in named.items() if name in names]
        if len(of) > 1 or name == grid.BASE:
            other = f"of {of[0]!r}" if len(of) > 1 else base
            problem = f"gives an arm the name {name!r}, which is that {other}"
            yield Mistake((*key, of[-1]), problem, "choose another name")


def _text(config: dict[str, Any], key: Key, text: dict[str, Any]) -> Iterator[Mistake]:
    """Whether a corpus exists and has the languages."""
    yield from _corpus(config, key, text["corpus"])
    for position, lang in enumerate(text["languages"]):
        yield from _language(config, (*key, "languages", position), text["corpus"], lang)


def _twice(texts: list[dict[str, Any]], key: Key) -> Iterator[Mistake]:
    """A mistake for each corpus that is named more than once."""
    named = [text["corpus"] for text in texts]
    for corpus in sorted({corpus for corpus in named if named.count(corpus) > 1}):
        yield Mistake(key, f"names corpus {corpus!r} twice", "put its languages into one list")


def _arms(config: dict[str, Any]) -> Iterator[Mistake]:
    """Names that two blocks give to an arm, and arms that match or lie on others that cannot be."""
    arms, blocks = grid.arms(config), config["lora"]["arms"]
    named = {block: [name for name, _ in grid.block_arms(config, block)] for block in blocks}
    yield from _named_once(("lora", "arms"), named, "for the model without an adapter")
    used = {arm for block in config["lora"]["grid"] for arm in block["arms"]}
    for block in (block for block in blocks if used & dict(grid.block_arms(config, block)).keys()):
        key, settings = ("lora", "arms", block), blocks[block]
        fixed = [name for name, arm in arms.items() if "match" not in arm]
        yield from _unknown("arm", (*key, "match"), settings.get("match", []), fixed)
        if "under" in settings:
            under, lowest = settings["under"], [name for name in fixed if _is_lowest(arms[name])]
            if under["arm"] not in lowest:
                problem = f"{under['arm']!r} is no bottleneck that lies on the model itself"
                yield Mistake((*key, "under", "arm"), problem, choose(under["arm"], lowest))
            if under["task"] not in config["tasks"]:
                problem = f"unknown task {under['task']!r}"
                yield Mistake((*key, "under", "task"), problem, choose(under["task"], config["tasks"]))
    trained = grid.cells(config["lora"]["grid"])
    for cell in trained:
        if under := arms.get(cell.arm, {}).get("under"):
            below = cell._replace(task=under["task"], arm=under["arm"])
            if below not in trained and _all_known(config, below.model, below.task, below.arm):
                problem = f"{_cell(*cell)} lies on {_cell(*below)}, which is not trained"
                yield Mistake(("lora", "grid"), problem, "add it to the grid, with the same seed")


def _tuning(config: dict[str, Any]) -> Iterator[Mistake]:
    """Scores on the split that learning rates were chosen on would favour what was tuned.

    More trials would favour it too.
    """
    arms, tuning = grid.arms(config), config["lora"]["tuning"]
    used = {arms[arm]["method"] for _, _, arm in grid.tunings(config)}
    for method in sorted(used & tuning["by_method"].keys()):
        if (own := len(tuning["by_method"][method])) != (others := len(tuning["learning_rates"])):
            problem = f"has {own} rates, other methods have {others}"
            yield Mistake(("lora", "tuning", "by_method", method), problem, "give all methods as many")
    if grid.tunings(config) and (split := config["evaluation"]["split"]) == "dev":
        problem = f"learning rates are tuned on {split!r}, so that scores on it are too good"
        yield Mistake(("evaluation", "split"), problem, "score on 'test', or give the arms their rates")


def _is_lowest(arm: dict[str, Any]) -> bool:
    return arm["method"] == "bottleneck" and "under" not in arm


def _tasks(config: dict[str, Any]) -> Iterator[Mistake]:
    for name in _used_tasks(config):
        task, key = config["tasks"][name], ("tasks", name)
        if task["kind"] == "text":
            yield from _corpus(config, key, task["corpus"])
            yield from _language(config, (*key, "lang"), task["corpus"], task["lang"])
        if task["kind"] == "translation":
            yield from _corpus(config, key, task["corpus"])
            for side in ("source", "target"):
                yield from _language(config, (*key, side), task["corpus"], task[side])
            if task["source"] == task["target"]:
                yield Mistake((*key, "target"), "is the source language", "give two languages")
        if "path" in task and not Path(task["path"]).is_file():
            yield _missing((*key, "path"), task["path"])
        if "columns" in task and Path(task["path"]).suffix != ".tsv":
            problem = f"{task['path']!r} is no .tsv file, so its records name their columns"
            yield Mistake((*key, "columns"), problem, "take it out")
        if "template" in task["items"] and task["kind"] != "gsm_templates":
            problem = f"a task of kind {task['kind']!r} holds no templates out"
            yield Mistake((*key, "items", "template"), problem, "take it out")


def _evaluation(config: dict[str, Any]) -> Iterator[Mistake]:
    scored = grid.evaluated(config)
    for path in [("evaluation", "branching"), ("evaluation", "harness", "grid")]:
        for key, block in _grids(config, *path):
            for cell in grid.cells([block]):
                if cell not in scored and _all_known(config, cell.model, cell.task, cell.arm):
                    problem = f"{_cell(*cell)} is not scored"
                    yield Mistake(
                        key,
                        problem,
                        "train it in lora.grid; base has seed 0, beside the models and tasks of that grid"
                        if grid.asks(config, cell.task)
                        else "its task is text, which asks nothing; take it out",
                    )
    blocks = config["evaluation"]["decoding"]
    for name in {*grid.GREEDY, grid.CHOICE} & blocks.keys():
        problem = "is the name of a way that needs no block"
        yield Mistake(("evaluation", "decoding", name), problem, "choose another name")
    if config["evaluation"]["engine"] == "vllm":
        tested = {test["task"] for _, test in _loop_tests(config)}
        for task in sorted(({cell.task for cell in scored} | tested) & set(_contrasted(config))):
            problem = f"'vllm' does not tell the masses of two options, which {task!r} compares"
            yield Mistake(("evaluation", "engine"), problem, "set it to transformers")
    for name, how in blocks.items():
        if how.get("prompt", "{prompt}").count("{prompt}") != 1:
            problem = f"holds {{prompt}} {how['prompt'].count('{prompt}')} times"
            remedy = "hold it once, where the prompt of a question goes"
            yield Mistake(("evaluation", "decoding", name, "prompt"), problem, remedy)
    for key, block in _grids(config, "evaluation", "branching"):
        for name, task in itertools.product(block["decoding"], block["tasks"]):
            yield from _decoding(config, name, task)
        for task in sorted(set(block["tasks"]) & set(grid.choosing(config))):
            yield Mistake((*key, "tasks"), f"task {task!r} has choices: nothing is decoded", "take it out")
    forgetting = config["evaluation"]["forgetting"]
    yield from _unknown("arm", ("evaluation", "forgetting", "arms"), forgetting["arms"], grid.arms(config))
    for key, text in _held_out_texts(config):
        yield from _text(config, key, text)
    yield from _twice(forgetting["text"], ("evaluation", "forgetting", "text"))
    harness, key = config["evaluation"]["harness"], ("evaluation", "harness")
    for task in _judged_tasks(config):
        if task not in config["tasks"]:
            problem = f"no task {task!r} of this configuration"
            yield Mistake((*key, "tasks"), problem, choose(task, config["tasks"]))
        elif not grid.asks(config, task):
            problem = f"task {task!r} is text, which asks nothing"
            yield Mistake((*key, "tasks"), problem, "take it out")
        elif config["tasks"][task]["kind"] in grid.RUNNING:
            problem = f"lm-eval would run the programs of {task!r} without limits"
            yield Mistake((*key, "tasks"), problem, "take it out")
        elif task in _contrasted(config):
            yield Mistake((*key, "tasks"), f"lm-eval cannot judge the answers of {task!r}", "take it out")
        elif task in grid.choosing(config) and config["tasks"][task].get("chat"):
            problem = f"in a chat, lm-eval takes the space in front of the choices of {task!r} away"
            yield Mistake((*key, "tasks"), problem, "take it out, or `chat` out of the task")
    if harness["tasks"] and "include_path" in harness and not Path(harness["include_path"]).is_dir():
        problem = f"no folder {harness['include_path']!r}"
        yield Mistake((*key, "include_path"), problem, f"a relative one starts from {Path.cwd()}")


def _contrasted(config: dict[str, Any]) -> list[str]:
    """The tasks whose answer is one of two options, whose masses are compared."""
    tasks = config["tasks"].items()
    return [name for name, task in tasks if task.get("verifier", VERIFIER.get(task["kind"])) in WORDS]


def _reference(config: dict[str, Any]) -> Iterator[Mistake]:
    wanted = config["evaluation"]["reference"]
    choices = ["first", grid.BASE, *dict.fromkeys(cell.arm for cell in grid.cells(config["lora"]["grid"]))]
    if wanted not in choices:
        yield Mistake(("evaluation", "reference"), f"no arm {wanted!r} is evaluated", choose(wanted, choices))


def _decoding(config: dict[str, Any], name: str, task: str) -> Iterator[Mistake]:
    """What a way of decoding cannot do for a task, where both exist."""
    how, settings = config["evaluation"]["decoding"].get(name), config["tasks"].get(task)
    if how is None or settings is None or "max_new_tokens" not in settings:
        return  # unknown, which is said elsewhere, or nothing is written
    key = ("evaluation", "decoding", name)
    if how.get("position", 0) >= settings["max_new_tokens"]:
        problem = f"no completion of {task!r} has a token {how['position']}"
        remedy = f"keep it below the task's max_new_tokens, {settings['max_new_tokens']}"
        yield Mistake((*key, "position"), problem, remedy)
    if how["how"] in ("beam", "tree") and config["evaluation"]["engine"] == "vllm":
        problem = f"'vllm' decodes no {how['how']}s"
        yield Mistake(
            ("evaluation", "engine"), problem, f"set it to transformers, or decode without {name!r}"
        )


def _all_known(config: dict[str, Any], model: str, task: str, arm: str) -> bool:
    """Whether the names exist; where they do not, that is the mistake to report."""
    return model in config["models"] and task in config["tasks"] and arm in _arms_of(config)


def _cell(model: str, task: str, arm: str, seed: int) -> str:
    return f"{model} on {task} with {arm}, seed {seed}"


def _loops(config: dict[str, Any]) -> Iterator[Mistake]:
    from lib.tasks.item import POOLS

    trained = grid.cells(config["lora"]["grid"])
    for key, block in _grids(config, "selfimprove", "grid"):
        for name in block["loops"]:
            loop = config["selfimprove"]["loops"].get(name)
            if loop is None:
                continue
            place = ("selfimprove", "loops", name)
            if loop["start"] not in grid.arms(config):
                yield Mistake(
                    (*place, "start"),
                    f"unknown arm {loop['start']!r}",
                    choose(loop["start"], grid.arms(config)),
                )
                continue
            how = config["evaluation"]["decoding"]
            fitting = [block for block in how if grid.from_greedy(how[block])]
            if loop["decoding"] not in fitting:
                problem = (
                    f"{loop['decoding']!r} is no block of evaluation.decoding of kind top-k "
                    "without ask or prompt"
                )
                yield Mistake((*place, "decoding"), problem, choose(loop["decoding"], fitting))
            for task in [*block["tasks"], *(test["task"] for _, test in _loop_tests(config))]:
                yield from _decoding(config, loop["decoding"], task)
            if loop["rounds"] * loop["pools"] > POOLS:
                problem = f"a task has {POOLS} pools, and no two rounds read the same"
                yield Mistake((*place, "rounds"), problem, f"keep rounds times pools at {POOLS} or below")
            for model in block["models"]:
                for task in block["tasks"]:
                    for seed in block["seeds"]:
                        cell = grid.Cell(model, task, loop["start"], seed)
                        if cell not in trained and _all_known(config, model, task, loop["start"]):
                            problem = f"loop {name!r} starts from {_cell(*cell)}, which is not trained"
                            yield Mistake(key, problem, "add it to lora.grid, or change the loop's start")
        for task in block["tasks"]:
            settings = config["tasks"].get(task)
            if settings is None:
                continue
            if settings["kind"] in ("translation", "text"):
                yield Mistake(
                    (*key, "tasks"), f"task {task!r} has no pools", "choose a task with exact answers"
                )
            elif task in grid.choosing(config):
                problem = f"task {task!r} has choices, so there are no chains to train on"
                yield Mistake((*key, "tasks"), problem, "choose a task whose answers are written")
            elif settings.get("verifier") == "chrf":
                problem = "'chrf' tells no right answers from wrong ones, as a loop reports them"
                yield Mistake(("tasks", task, "verifier"), problem, "choose a task with exact answers")
            elif "pool" not in settings["items"]:
                yield Mistake(
                    ("tasks", task, "items"),
                    "lacks the key 'pool'",
                    "add it: how many items each pool has",
                )
    for key, test in _loop_tests(config):
        settings = config["tasks"].get(test["task"])
        if settings is None:
            problem = f"unknown task {test['task']!r}"
            yield Mistake((*key, "task"), problem, choose(test["task"], config["tasks"]))
        elif not _right_or_wrong(config, test["task"]):
            problem = f"task {test['task']!r} has no written answers that are right or wrong"
            yield Mistake((*key, "task"), problem, "choose one that has")
        elif test["split"] not in settings["items"]:
            problem = f"task {test['task']!r} has no items in {test['split']!r}"
            remedy = f"add the split to tasks.{test['task']}.items, or choose another"
            yield Mistake((*key, "split"), problem, remedy)


def _right_or_wrong(config: dict[str, Any], task: str) -> bool:
    """Whether the answers of a task are written, and are right or wrong."""
    settings = config["tasks"][task]
    vague = settings["kind"] in ("translation", "text") or settings.get("verifier") == "chrf"
    return not vague and task not in grid.choosing(config)


def _expressivity(config: dict[str, Any]) -> Iterator[Mistake]:
    arms, trained = grid.arms(config), grid.cells(config["lora"]["grid"])
    whole = [name for name, arm in arms.items() if arm["method"] == "full"]
    ranked = [name for name, arm in arms.items() if arm["method"] in LOW_RANK and "rank" in arm]
    seen: set[tuple[str, str, int]] = set()
    for key, block in _grids(config, "expressivity", "grid"):
        if block["full"] not in whole:
            problem = f"{block['full']!r} is no arm of the method full"
            yield Mistake((*key, "full"), problem, choose(block["full"], whole))
        for position, arm in enumerate(block["arms"]):
            if arm in arms and arm not in ranked:
                problem = f"{arm!r} is no low-rank update of a rank that its block gives"
                yield Mistake((*key, "arms", position), problem, choose(arm, ranked))
        for cell in grid.cells([{**block, "arms": [block["full"], *block["arms"]]}]):
            if cell not in trained and _all_known(config, cell.model, cell.task, cell.arm):
                yield Mistake(key, f"{_cell(*cell)} is not trained", "add it to lora.grid")
        cells = grid.updates({"expressivity": {"grid": [block]}}).keys()
        for model, task, seed in sorted(cells & seen):
            problem = f"takes {model} on {task}, seed {seed}, apart a second time"
            yield Mistake(key, problem, "put its arms and ranks into one block")
        seen |= cells


def _interference(config: dict[str, Any]) -> Iterator[Mistake]:
    chosen = config["interference"]
    needed = chosen["batches"] * chosen["rows"]
    seen: set[str] = set()
    for key, block in _grids(config, "interference", "grid"):
        for position, model in enumerate(block["models"]):
            if model in seen:
                problem = f"compares tasks on {model!r} a second time"
                yield Mistake((*key, "models", position), problem, "put its tasks into one block")
            seen.add(model)
        for position, task in enumerate(block["tasks"]):
            items = config["tasks"].get(task, {}).get("items", {}).get(chosen["split"], needed)
            if items < needed:
                problem = f"task {task!r} has {items} items in {chosen['split']}, and {needed} are read"
                remedy = "raise tasks.{}.items.{}, or lower interference.batches or interference.rows"
                yield Mistake((*key, "tasks", position), problem, remedy.format(task, chosen["split"]))


def _attention(config: dict[str, Any]) -> Iterator[Mistake]:
    attention = config["attention"]
    for name, domain in attention["domains"].items():
        key = ("attention", "domains", name)
        yield from _corpus(config, key, domain["corpus"])
        sides = [side for side in ("lang", "source", "target") if side in domain]
        if sides not in (["lang"], ["source", "target"]):
            yield Mistake(key, "needs either a lang, or a source and a target", "give one of the two")
        for side in sides:
            yield from _language(config, (*key, side), domain["corpus"], domain[side])
    if not attention["sinks"] <= attention["first_query"] < attention["tokens"]:
        problem = f"{attention['first_query']} is not between sinks and tokens"
        yield Mistake(("attention", "first_query"), problem, "keep sinks <= first_query < tokens")


GRIDS = [
    ("pretraining", "grid"),
    ("lora", "grid"),
    ("expressivity", "grid"),
    ("interference", "grid"),
    ("lora", "probe"),
    ("evaluation", "branching"),
    ("evaluation", "harness", "grid"),
    ("selfimprove", "grid"),
    ("attention", "grid"),
]
LOW_RANK = ("lora", "rslora", "rac")  # methods whose update has a rank
PER_LANGUAGE = {"local": "files", "huggingface": "datasets"}  # where a kind of corpus has its sources
# Of kinds whose answer is one of two options: how it is judged. Records say so themselves.
VERIFIER = {"coin_flip": "yes-no", "year_parity": "even-odd"}
ONE = {
    "models": "model",
    "tasks": "task",
    "arms": "arm",
    "loops": "loop",
    "mixes": "mix",
    "decoding": "decoding",
}
_RUN = ("tokenizer", "models", "pretraining", "tasks", "lora", "expressivity", "interference", "evaluation")
_RUN += ("selfimprove", "attention")

# A check runs when the schema found nothing wrong with the sections that it reads.
CROSS_CHECKS = {
    _names: (*_RUN, "corpora"),
    _corpora: (*_RUN, "corpora", "archives"),
    _tokenizers: ("tokenizer", "corpora", "archives", "models", "paper"),
    _models: (*_RUN, "archives"),
    _pretraining: (*_RUN, "corpora"),
    _tasks: (*_RUN, "corpora"),
    _arms: ("models", "tasks", "lora"),
    _tuning: ("lora", "evaluation"),
    _expressivity: ("models", "tasks", "lora", "expressivity"),
    _interference: ("tasks", "interference"),
    _reference: ("lora", "evaluation"),
    _evaluation: ("models", "tasks", "lora", "evaluation", "selfimprove", "corpora"),
    _loops: ("models", "tasks", "lora", "evaluation", "selfimprove"),
    _attention: ("attention", "corpora"),
}
