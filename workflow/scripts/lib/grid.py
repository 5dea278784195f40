"""How the config's blocks and grids become names, arms and cells."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

BASE = "base"  # the arm without an adapter
TUNED = "tuned"  # in place of a learning rate: it is found on the dev split
OWN = "tok2cot-"  # in front of the tasks of this project, where lm-eval judges them
# Kinds of tasks: the model chooses an answer by likelihood, or writes one that is run.
CHOOSING = ("choices", "arithmetic_choices")
RUNNING = ("programs", "functions")
TOTAL = "total"  # what a share of code leaves as it was: all bytes, or those of the text
GREEDY = {"greedy": {"how": "top-k", "branches": 1}}  # the decoding that needs no block
CHOICE = "choice"  # the verifier, and the decoding, of items whose answer is the likeliest of their choices


class Pretrained(NamedTuple):
    """One training on text: one job, one folder."""

    model: str
    arm: str
    seed: int


class Cell(NamedTuple):
    """One combination that is run: one job, one folder."""

    model: str
    task: str
    arm: str
    seed: int


def size_name(size: int) -> str:
    """A vocabulary size as it stands in names: 16000 is 16k, 300 is 300."""
    return f"{size // 1000}k" if size % 1000 == 0 else str(size)


def tokenizers(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Trained tokenizers by name, like unigram-16k-universal: family, size and mix of each."""
    found = {}
    for block in config["tokenizer"]["grid"]:
        for family, size, mix in itertools.product(block["families"], block["sizes"], block["mixes"]):
            found[f"{family}-{size_name(size)}-{mix}"] = {"family": family, "size": size, "mix": mix}
    return found


def graft_name(model: dict[str, Any]) -> str:
    """Name of a graft, like base+unigram-16k-universal+focus; the plain init goes without saying."""
    return "+".join([model["base"], model["tokenizer"], *(["focus"] if model["init"] == "focus" else [])])


def mix_languages(config: dict[str, Any], mix: dict[str, Any]) -> list[str]:
    """The languages of a mix, in its order or, for all, that of its corpus, without those it leaves out."""
    named = mix["languages"]
    known = config["corpora"][mix["corpus"]]["languages"] if named == "all" else named
    return [lang for lang in known if lang not in mix.get("except", [])]


def narrower(config: dict[str, Any]) -> dict[str, list[str]]:
    """For each trained tokenizer those of its family and size whose mix has some of its languages only.

    Mixes are of the same corpus, so that the languages are what differs between the two tokenizers.
    """
    mixes = config["tokenizer"]["mixes"]
    known = {name: set(mix_languages(config, mix)) for name, mix in mixes.items()}
    trained = tokenizers(config)

    def within(narrow: dict[str, Any], wide: dict[str, Any]) -> bool:
        alike = all(narrow[key] == wide[key] for key in ("family", "size"))
        same = mixes[narrow["mix"]]["corpus"] == mixes[wide["mix"]]["corpus"]
        return alike and same and known[narrow["mix"]] < known[wide["mix"]]

    found = {
        name: [other for other, narrow in trained.items() if within(narrow, wide)]
        for name, wide in trained.items()
    }
    return {name: others for name, others in found.items() if others}


def arms(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Arms by name: the settings of a block, with one of its ranks or one of the arms that it matches.

    They are called lora-r8, or bottleneck-as-lora-r8 where the rank is found from the model, or like the
    block itself where its method has no rank.
    """
    return {name: arm for block in config["lora"]["arms"] for name, arm in block_arms(config, block)}


def block_arms(config: dict[str, Any], block: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The arms of one block, by name."""
    settings = config["lora"]["arms"][block]
    arm = {key: value for key, value in settings.items() if key not in ("ranks", "match")} | {"block": block}
    for rank in settings.get("ranks", []):
        yield f"{block}-r{rank}", {**arm, "rank": rank}
    for other in settings.get("match", []):
        yield f"{block}-as-{other}", {**arm, "match": other}
    if not settings.keys() & {"ranks", "match"}:
        yield block, arm


def trained_as(arms: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """What the training of an arm depends on, as :class:`lib.adaptation.arm.Arm` has it.

    Of an arm that it matches that is what decides the number of parameters, and no more.
    """
    arm = {key: value for key, value in arms[name].items() if key != "under"}
    if "match" in arm:
        other = arms[arm["match"]]
        arm["match"] = {key: other[key] for key in ("method", "rank", "targets") if key in other}
    return arm


def cells(grid: list[dict[str, list]], arms: str = "arms") -> list[Cell]:
    """Every model x task x arm x seed of a grid, each once, in order.

    Args:
        grid: blocks of lists.
        arms: the key of the third axis; ``loops`` in the grid of self-improvement.
    """
    product = (
        Cell(*combination)
        for block in grid
        for combination in itertools.product(block["models"], block["tasks"], block[arms], block["seeds"])
    )
    return list(dict.fromkeys(product))


def tunings(config: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Model, task and arm of every learning rate that is tuned: one for all seeds."""
    known = arms(config)
    tuned = (
        cell
        for cell in cells(config["lora"]["grid"])
        if known.get(cell.arm, {}).get("learning_rate") == TUNED
    )
    return list(dict.fromkeys((cell.model, cell.task, cell.arm) for cell in tuned))


def probed(config: dict[str, Any]) -> list[Cell]:
    """The cells whose cost is measured apart: one for each model, task and arm, with the first of its seeds.

    Tasks that ask nothing have nothing to decode, and are left out.
    """
    trained = [cell for cell in cells(config["lora"]["grid"]) if asks(config, cell.task)]
    wanted = config["lora"]["probe"]
    asked = trained if wanted is True else cells([{**block, "seeds": [0]} for block in wanted or []])
    first = {cell[:3]: cell for cell in reversed(trained)}
    return [first[key] for key in dict.fromkeys(cell[:3] for cell in asked) if key in first]


def decodings(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Ways of decoding by name."""
    return GREEDY | config["evaluation"]["decoding"]


def from_greedy(how: dict[str, Any]) -> bool:
    """Whether the first branch of a way of decoding is the greedy path of the task's own prompt.

    A branch that is asked for its answer is not: another answer may be named than the one that it holds.
    """
    return how["how"] == "top-k" and not how.keys() & {"ask", "prompt"}


def searched(config: dict[str, Any]) -> list[str]:
    """The ways of decoding that search a tree."""
    return [name for name, how in decodings(config).items() if how["how"] == "tree"]


def decoded(config: dict[str, Any]) -> dict[Cell, list[str]]:
    """The cells that are scored, and how each is decoded: first in the way whose first branch is greedy.

    With branches are decoded those asked for, and where loops start from, whose rounds are scored so too.
    """
    found: dict[Cell, list[str]] = {cell: [] for cell in evaluated(config)}
    for block in config["evaluation"]["branching"]:
        for cell in cells([block]):
            found[cell] += block["decoding"]
    for cell in cells(config["selfimprove"]["grid"], "loops"):
        loop = config["selfimprove"]["loops"][cell.arm]
        found[cell._replace(arm=loop["start"])].append(loop["decoding"])
    how = decodings(config)
    for cell, names in found.items():
        greedy_first = (name for name in names if from_greedy(how[name]))
        first = next(greedy_first, next(iter(GREEDY)))
        found[cell] = [CHOICE] if cell.task in choosing(config) else list(dict.fromkeys([first, *names]))
    return found


def choosing(config: dict[str, Any]) -> list[str]:
    """The tasks whose answers are chosen by likelihood; of all others they are written."""
    return [name for name, task in config["tasks"].items() if task["kind"] in CHOOSING]


def evaluated(config: dict[str, Any]) -> list[Cell]:
    """The cells that are scored: every trained one, and the base beside each model and task.

    Cells of tasks that ask nothing are trained only.
    """
    trained = [cell for cell in cells(config["lora"]["grid"]) if asks(config, cell.task)]
    bases = [Cell(cell.model, cell.task, BASE, 0) for cell in trained]
    return list(dict.fromkeys([*bases, *trained]))


def updates(config: dict[str, Any]) -> dict[tuple[str, str, int], dict[str, Any]]:
    """The full fine-tunings that are taken apart, by model, task and seed: the block of the grid of each."""
    return {
        cell: block
        for block in config["expressivity"]["grid"]
        for cell in itertools.product(block["models"], block["tasks"], block["seeds"])
    }


def compared(config: dict[str, Any]) -> dict[str, list[str]]:
    """The tasks whose gradients are compared, by model."""
    blocks = config["interference"]["grid"]
    return {model: block["tasks"] for block in blocks for model in block["models"]}


def asks(config: dict[str, Any], task: str) -> bool:
    """Whether a task has questions to answer: all have, but for plain text."""
    return config["tasks"].get(task, {}).get("kind") != "text"


def references(config: dict[str, Any]) -> dict[tuple[str, str], str]:
    """The arm that the others are compared with, for each model and task that is evaluated.

    It is the one that the config names where that is evaluated, else the first that the grid names.
    """
    scored, wanted = evaluated(config), config["evaluation"]["reference"]
    arms_of = {cell[:2]: [other.arm for other in scored if other[:2] == cell[:2]] for cell in scored}
    first = 1  # after the base
    return {key: wanted if wanted in names else names[first] for key, names in arms_of.items()}


def held_out(config: dict[str, Any]) -> list[Cell]:
    """The trained cells that also read held-out text."""
    arms = config["evaluation"]["forgetting"]["arms"]
    return [cell for cell in cells(config["lora"]["grid"]) if cell.arm in arms]


def text_arms(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Arms of pretraining by name: the settings of a block, with one of its shares of code.

    The block's own name is the arm without code, to which both kinds of shares are compared; the others are
    called warm-total-12.5 and warm-text-12.5.
    """
    blocks = config["pretraining"]["arms"]
    return {name: arm for block in blocks for name, arm in block_text_arms(config, block)}


def block_text_arms(config: dict[str, Any], block: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The arms of one block of pretraining, by name.

    ``text`` of an arm is a list: of each corpus its languages and their bytes. Of B bytes of text, a share s
    of code leaves (1 - s) B and adds s B where the total is kept, and leaves B and adds s / (1 - s) B where
    the text is kept. The total is then B / (1 - s), and so many times more are the steps.
    """
    settings = config["pretraining"]["arms"][block]
    text, code, training = settings["text"], settings.get("code"), settings["training"]
    arm = {key: value for key, value in settings.items() if key != "code"} | {"block": block}
    yield block, {**arm, "text": [text], "share": 0.0 if code else None, "fixed": None}
    if code is None:
        return
    octets = text["bytes_per_language"] * len(text["languages"])
    for fixed, shares in code["shares"].items():
        for share in shares:
            total = 1.0 if fixed == TOTAL else 1 / (1 - share)
            left = {**text, "bytes_per_language": round(total * (1 - share) * text["bytes_per_language"])}
            added = {key: code[key] for key in ("corpus", "languages")}
            added["bytes_per_language"] = round(total * share * octets / len(code["languages"]))
            yield (
                f"{block}-{fixed}-{100 * share:g}",
                {
                    **arm,
                    "text": [*([left] if share < 1 else []), added],
                    "training": {**training, "steps": round(total * training["steps"])},
                    "share": share,
                    "fixed": fixed,
                },
            )


def before(config: dict[str, Any], arm: str) -> str:
    """The arm of pretraining that an arm starts from: another one, or the model as it is."""
    return text_arms(config)[arm].get("after", BASE)


def tokenizer_of(config: dict[str, Any], model: str) -> dict[str, Any]:
    """The tokenizer of a model, by the name it has in tables, and the base that it was put on, if on any."""
    block = config["models"][model]
    if block["source"] == "pretraining":
        return tokenizer_of(config, block["model"])
    return {"tokenizer": block.get("tokenizer", model), "base": block.get("base")}


def pretrained(config: dict[str, Any]) -> list[Pretrained]:
    """Every model x arm x seed of the grid of pretraining, each once, in order."""
    product = (
        Pretrained(*combination)
        for block in config["pretraining"]["grid"]
        for combination in itertools.product(block["models"], block["arms"], block["seeds"])
    )
    return list(dict.fromkeys(product))


def against(config: dict[str, Any]) -> dict[str, str]:
    """The model that each model of pretraining is compared with: the first of the first block that has it."""
    blocks = [block["models"] for block in config["pretraining"]["grid"]]
    return {model: models[0] for models in reversed(blocks) for model in models}
