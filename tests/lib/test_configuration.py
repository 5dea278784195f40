"""Every mistake in a configuration stops the run, and says which key, which file and what to do."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib import configuration

ROOT = Path(__file__).resolve().parent.parent.parent
DEFAULT = ROOT / "config" / "config.yaml"
MODEL = "smollm2-135m-q4_1"
NANO = "nano+bytebpe-16k-universal"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def default() -> dict[str, Any]:
    return yaml.safe_load(DEFAULT.read_text())


@pytest.fixture
def config(default: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(default)


def lay(config: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Merge as Snakemake does: blocks add, all else replaces."""
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(config.get(key), dict):
            lay(config[key], value)
        else:
            config[key] = value
    return config


def mistakes(config: dict[str, Any]) -> list[str]:
    return configuration.mistakes(config, ROOT, [str(DEFAULT)])


CONFIGS = sorted(path for path in (ROOT / "config").glob("*.yaml") if path.name != "schema.yaml")


@pytest.mark.parametrize("own", CONFIGS, ids=lambda path: path.name)
def test_configs_of_the_project_have_no_mistake(config: dict[str, Any], own: Path) -> None:
    merged = lay(config, yaml.safe_load(own.read_text()))
    assert configuration.mistakes(merged, ROOT, [str(own), str(DEFAULT)]) == []


def test_the_full_grid_has_three_seeds_of_every_adapter() -> None:
    full = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())
    assert all(len(block["seeds"]) >= 3 for block in full["lora"]["grid"])


def test_example_of_the_readme_can_be_run(config: dict[str, Any], folder: Path) -> None:
    (block,) = re.findall(r"`my.yaml`:\n\n```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (folder / "data" / "ja").mkdir(parents=True)
    (folder / "data" / "ja" / "news.jsonl.gz").touch()
    (folder / "own").mkdir()
    (folder / "own" / "tokenizer.json").touch()
    assert mistakes(lay(config, yaml.safe_load(block))) == []


@pytest.mark.parametrize(
    ("section", "grid"),
    [("evaluation", "branching"), ("selfimprove", "grid"), ("attention", "grid"), ("interference", "grid")],
)
def test_a_grid_may_be_empty(config: dict[str, Any], section: str, grid: str) -> None:
    config[section][grid] = []
    assert mistakes(config) == []


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("last_letters", {"words": 2}),
        ("coin_flip", {"people": 2}),
        ("year_parity", {}),
        ("letter_counting", {"words": 3}),
        ("gsm_templates", {}),
    ],
)
def test_kinds_that_draw_their_questions(config: dict[str, Any], kind: str, settings: dict[str, Any]) -> None:
    task(config, kind, **settings)
    if kind == "gsm_templates":
        config["tasks"]["mine"]["items"] = {**config["tasks"]["mine"]["items"], "template": 100}
    assert mistakes(config) == []


def local_corpus(config: dict[str, Any], **changes: Any) -> None:
    config["corpora"]["mine"] = {
        "kind": "local",
        "domain": "news",
        "files": {"eng_Latn": ["missing/*.txt"]},
        "languages": ["eng_Latn"],
        "split": {"dev": 0.1, "test": 0.1},
        **changes,
    }
    config["tokenizer"]["corpora"].append("mine")


def records(config: dict[str, Any], **changes: Any) -> None:
    arithmetic = config["tasks"]["arithmetic"]
    shared = {key: arithmetic[key] for key in ("items", "max_new_tokens", "stop", "training")}
    template = {"kind": "records", "prompt": "{q}", "answer": "{a}", "verifier": "number"}
    config["tasks"]["mine"] = {**template, **shared, **changes}
    config["lora"]["grid"][0]["tasks"].append("mine")


def task(config: dict[str, Any], kind: str, **changes: Any) -> None:
    """A task of a kind that draws its questions."""
    arithmetic = config["tasks"]["arithmetic"]
    shared = {key: arithmetic[key] for key in arithmetic if key not in ("kind", "terms", "digits")}
    config["tasks"]["mine"] = {"kind": kind, **shared, **changes}
    config["lora"]["grid"][0]["tasks"].append("mine")


def choices(config: dict[str, Any], **changes: Any) -> None:
    shared = {key: config["tasks"]["arithmetic"][key] for key in ("items", "training")}
    template = {"kind": "choices", "prompt": "{q}", "choices": "options", "answer": "{a}", "path": "a.jsonl"}
    config["tasks"]["mine"] = {**template, **shared, **changes}
    config["lora"]["grid"][0]["tasks"].append("mine")
    Path("a.jsonl").touch()


def harness(config: dict[str, Any], *tasks: str, **cell: Any) -> None:
    block = {"models": [MODEL], "tasks": ["arithmetic"], "arms": ["lora-r1"], "seeds": [0], **cell}
    config["evaluation"]["harness"].update(tasks=list(tasks), grid=[block])


def mix(config: dict[str, Any], **settings: Any) -> None:
    """Give the universal mix other settings, beside its corpus and languages."""
    config["tokenizer"]["mixes"]["universal"] = {"corpus": "catalogs", "languages": "all", **settings}


def model(config: dict[str, Any], **settings: Any) -> None:
    config["models"]["mine"] = settings
    config["lora"]["grid"][0]["models"].append("mine")


def warm(config: dict[str, Any], training: dict[str, int] | None = None, **code: Any) -> None:
    """A block of pretraining with code, of which one share runs."""
    block = copy.deepcopy(config["pretraining"]["arms"]["scratch"])
    shares = {"total": [0.125, 1], "text": [0.5]}
    block["code"] = {"corpus": "python", "languages": ["zxx_Zyyy"], "shares": shares, **code}
    block["training"] = training or {"steps": 10, "bytes": 8000}
    config["pretraining"]["arms"]["warm"] = block
    config["pretraining"]["grid"][0]["arms"] += ["warm", "warm-total-12.5"]


def arm(config: dict[str, Any], name: str, **changes: Any) -> None:
    config["pretraining"]["arms"][name].update(changes)


TRAINING = {"learning_rate": 1e-3, "warmup": 10, "weight_decay": 0.0, "clip": 1.0}
FULL = {"method": "full", **TRAINING}
BOTTLENECK = {"method": "bottleneck", **TRAINING}


def block(config: dict[str, Any], name: str) -> dict[str, Any]:
    """A new block of arms, like that of the default."""
    config["lora"]["arms"][name] = copy.deepcopy(config["lora"]["arms"]["lora"])
    return config["lora"]["arms"][name]


def narrow(config: dict[str, Any], **settings: Any) -> None:
    """A block of bottlenecks, of which one arm is in the grid."""
    ranks = {} if "match" in settings else {"ranks": [4]}
    config["lora"]["arms"]["narrow"] = {**BOTTLENECK, **ranks, **settings}
    name = f"narrow-as-{settings['match'][0]}" if "match" in settings else "narrow-r4"
    config["lora"]["grid"][0]["arms"].append(name)


def probe(config: dict[str, Any], **changes: Any) -> None:
    """A full fine-tuning that is trained and taken apart."""
    config["lora"]["arms"]["all"] = FULL
    config["lora"]["grid"][0]["arms"].append("all")
    cell = {"models": [MODEL], "tasks": ["arithmetic"], "full": "all", "seeds": [0]}
    config["expressivity"]["grid"] = [{**cell, "arms": ["lora-r4"], "ranks": [0, 4], **changes}]


def text(config: dict[str, Any], **changes: Any) -> None:
    """A task of plain text, in the grid."""
    sizes = {"items": {"train": 10, "dev": 1, "test": 1}, "training": {"steps": 1, "rows": 1}}
    read = {"kind": "text", "corpus": "catalogs", "lang": "fra_Latn", "max_characters": 100}
    config["tasks"]["read"] = {**read, **sizes, **changes}
    config["lora"]["grid"][0]["tasks"].append("read")


def loop(config: dict[str, Any], **changes: Any) -> None:
    config["selfimprove"]["loops"]["confidence"].update(changes)


def judge(config: dict[str, Any], task: str, split: str = "test") -> None:
    config["selfimprove"]["tests"] = [{"task": task, "split": split}]


def decode(config: dict[str, Any], **settings: Any) -> None:
    """Decode the default's branching cell in a new way, instead of CoT-decoding."""
    config["evaluation"]["decoding"]["new"] = settings
    config["evaluation"]["branching"][0]["decoding"] = ["new"]


TREE = {"how": "tree", "branches": 4, "width": 2, "separators": ["."], "exploration": 1.4}

# What is done to the default, the beginning of the message, and what else is in it.
CASES: list[tuple[Callable[[dict[str, Any]], Any], str, list[str]]] = [
    # the schema
    (lambda c: c.update(attentoin={}), "attentoin", ["unknown key", "did you mean 'attention'?"]),
    (
        lambda c: c["tasks"]["arithmetic"].update(digit=3),
        "tasks.arithmetic.digit",
        ["unknown key", "did you mean 'digits'?"],
    ),
    (lambda c: c["lora"]["arms"]["lora"].update(rank=8), "lora.arms.lora.rank", ["did you mean 'ranks'?"]),
    (lambda c: c["corpora"]["catalogs"].update(files={}), "corpora.catalogs.files", ["unknown key"]),
    (lambda c: c.pop("seed"), "the configuration", ["lacks the key 'seed'"]),
    (
        lambda c: c["lora"]["arms"]["lora"].pop("alpha"),
        "lora.arms.lora (",
        ["needs either 'alpha' or 'alpha_per_rank'"],
    ),
    (lambda c: c["tasks"]["arithmetic"].pop("kind"), "tasks.arithmetic (", ["lacks the key 'kind'"]),
    (lambda c: c.update(seed="zero"), "seed", ["'zero' is not an integer", "give an integer"]),
    (lambda c: c.update(seed=1.0), "seed", ["1.0 is not an integer"]),
    (lambda c: c.update(seed="7"), "seed", ["write it as a number: 7"]),
    (lambda c: c.update(seed=True), "seed", ["True is not an integer"]),
    (lambda c: c.update(tasks=[]), "tasks", ["[] is not a block of keys"]),
    (
        lambda c: c["compute"].update(dtype="float64"),
        "compute.dtype",
        ["'float64'", "did you mean 'bfloat16'?"],
    ),
    (
        lambda c: c["lora"]["arms"]["lora"].update(learning_rate="1e-3"),
        "lora.arms.lora.learning_rate",
        ["write it as a number: 0.001"],
    ),
    (lambda c: c["lora"]["arms"]["lora"].update(ranks=[4, 0]), "lora.arms.lora.ranks.1", ["0 is too small"]),
    (lambda c: c["lora"]["arms"]["lora"].update(ranks=[4, 4]), "lora.arms.lora.ranks", ["names 4 twice"]),
    (lambda c: c["lora"]["arms"]["lora"].update(ranks=[]), "lora.arms.lora.ranks", ["is empty"]),
    (lambda c: c["lora"]["arms"]["lora"].update(alpha=0), "lora.arms.lora.alpha", ["give more than 0"]),
    (lambda c: c["lora"]["arms"]["lora"].update(targets="all"), "lora.arms.lora.targets", ["all-linear"]),
    (
        lambda c: block(c, "dora").update(method="adalora"),
        "lora.arms.dora.method",
        ["'adalora'", "known: lora"],
    ),
    (lambda c: block(c, "dora").update(match=["lora-r4"]), "lora.arms.dora (", ["either 'ranks' or 'match'"]),
    (lambda c: block(c, "dora").pop("ranks"), "lora.arms.dora (", ["either 'ranks' or 'match'"]),
    (
        lambda c: block(c, "dora").update(alpha_per_rank=2),
        "lora.arms.dora (",
        ["either 'alpha' or 'alpha_per_rank'"],
    ),
    (lambda c: block(c, "dora").update(method="rac"), "lora.arms.dora (", ["lacks the key 'links'"]),
    (lambda c: block(c, "dora").update(method="full"), "lora.arms.dora.ranks", ["unknown key"]),
    (lambda c: block(c, "dora").update(method="vera"), "lora.arms.dora.alpha", ["unknown key"]),
    (lambda c: c["tokenizer"]["grid"][0].update(sizes=[3]), "tokenizer.grid.0.sizes.0", ["at least 300"]),
    (lambda c: c["tasks"].update({"a/b": c["tasks"]["arithmetic"]}), "tasks", ["'a/b' has the wrong form"]),
    (lambda c: c["tokenizer"].update(reference="english"), "tokenizer.reference", ["wrong form"]),
    (
        lambda c: c["tokenizer"].update(baseline="gpt"),
        "tokenizer.baseline",
        ["no tokenizer 'gpt'"],
    ),
    (lambda c: c["tokenizer"]["morphs"].update(fin_Latn="no.tsv"), "tokenizer.morphs.fin_Latn", ["no file"]),
    (
        lambda c: c["tasks"]["arithmetic"].update(worked_share=1.5),
        "tasks.arithmetic.worked_share",
        ["at most 1"],
    ),
    (lambda c: c["paper"].update(formats=["pdf"]), "paper.formats", ["add 'svg'"]),
    (lambda c: c["attention"]["grid"][0].update(arms=["lora-r1"]), "attention.grid.0.arms.0", ["'base'"]),
    (
        lambda c: c["attention"]["domains"].update(mine={"corpus": "catalogs", "source": "eng_Latn"}),
        "attention.domains.mine",
        ["give both or neither"],
    ),
    (records, "tasks.mine", ["needs either 'path' or 'id'"]),
    (lambda c: records(c, path="a.jsonl", id="b"), "tasks.mine", ["needs either 'path' or 'id'"]),
    (
        lambda c: records(c, id="openai/gsm8k", split="train"),
        "tasks.mine",
        ["revision", "give both or neither"],
    ),
    # arms
    (
        lambda c: narrow(c, match=["lora-r3"]),
        "lora.arms.narrow.match.0",
        ["unknown arm 'lora-r3'", "lora-r4"],
    ),
    (
        lambda c: narrow(c, match=["narrow-as-lora-r4"]),
        "lora.arms.narrow.match.0",
        ["unknown arm 'narrow-as-lora-r4'"],
    ),
    (
        lambda c: narrow(c, under={"task": "arithmetic", "arm": "lora-r4"}),
        "lora.arms.narrow.under.arm",
        ["'lora-r4' is no bottleneck that lies on the model itself"],
    ),
    (
        lambda c: narrow(c, under={"task": "read", "arm": "narrow-r4"}),
        "lora.arms.narrow.under.task",
        ["unknown task 'read'"],
    ),
    (
        lambda c: (
            narrow(c, under={"task": "translate-fra", "arm": "language-r8"}),
            c["lora"]["arms"].update(language={**BOTTLENECK, "ranks": [8]}),
        ),
        "lora.grid",
        [f"{MODEL} on translate-fra with language-r8, seed 0, which is not trained"],
    ),
    (
        lambda c: c["lora"]["arms"].update({"lora-r4": FULL}),
        "lora.arms.lora-r4",
        ["gives an arm the name 'lora-r4', which is that of 'lora'"],
    ),
    (
        lambda c: c["lora"]["arms"].update(base=FULL),
        "lora.arms.base",
        ["for the model without an adapter"],
    ),
    # probes of full fine-tunings
    (
        lambda c: probe(c, full="lora-r4"),
        "expressivity.grid.0.full",
        ["'lora-r4' is no arm of the method full", "known: all"],
    ),
    (
        lambda c: probe(c, arms=["lora-r4", "all"]),
        "expressivity.grid.0.arms.1",
        ["'all' is no low-rank update", "lora-r4"],
    ),
    (lambda c: probe(c, arms=["lora-r3"]), "expressivity.grid.0.arms.0", ["unknown arm 'lora-r3'"]),
    (
        lambda c: probe(c, seeds=[1]),
        "expressivity.grid.0",
        [f"{MODEL} on arithmetic with all, seed 1 is not trained", "add it to lora.grid"],
    ),
    (
        lambda c: probe(c) or c["expressivity"]["grid"].append(c["expressivity"]["grid"][0]),
        "expressivity.grid.1",
        [f"takes {MODEL} on arithmetic, seed 0, apart a second time"],
    ),
    # tasks that are compared
    (
        lambda c: c["interference"].update(rows=20),
        "interference.grid.0.tasks.0",
        ["'arithmetic' has 100 items in dev, and 160 are read", "tasks.arithmetic.items.dev"],
    ),
    (lambda c: c["interference"].update(batches=9), "interference.batches", ["9 is not a multiple of 2"]),
    (
        lambda c: c["interference"]["grid"].append({"models": [MODEL], "tasks": ["arithmetic"]}),
        "interference.grid.1.models.0",
        [f"compares tasks on {MODEL!r} a second time"],
    ),
    # tasks of text
    (lambda c: text(c, lang="pol_Latn"), "tasks.read.lang", ["corpus 'catalogs' has no language 'pol_Latn'"]),
    (lambda c: text(c, corpus="books"), "tasks.read.corpus", ["unknown corpus 'books'"]),
    (lambda c: text(c, stop=[]), "tasks.read.stop", ["unknown key"]),
    (
        lambda c: text(c) or c["evaluation"]["branching"][0].update(tasks=["read"]),
        "evaluation.branching.0",
        ["on read with lora-r16, seed 0 is not scored", "its task is text, which asks nothing"],
    ),
    (
        lambda c: text(c) or c["selfimprove"]["grid"][0].update(tasks=["read"]),
        "selfimprove.grid.0.tasks",
        ["'read' has no pools"],
    ),
    (
        lambda c: choices(c, max_new_tokens=8),
        "tasks.mine.max_new_tokens",
        ["unknown key"],
    ),
    (lambda c: choices(c, choices=[]), "tasks.mine.choices", ["is empty"]),
    (lambda c: choices(c, target=" {answer}"), "tasks.mine.target", ["wrong form"]),
    (lambda c: c["tasks"]["arithmetic"].pop("stop"), "tasks.arithmetic (", ["lacks the key 'stop'"]),
    (lambda c: harness(c, "a/b"), "evaluation.harness.tasks.0", ["wrong form"]),
    # names
    (
        lambda c: c["lora"]["grid"][0]["models"].append("smolm"),
        "lora.grid.0.models.1",
        ["unknown model 'smolm'"],
    ),
    (
        lambda c: c["lora"]["grid"][0]["tasks"].append("sums"),
        "lora.grid.0.tasks.2",
        ["unknown task", "arithmetic"],
    ),
    (
        lambda c: c["lora"]["grid"][0]["arms"].append("lora-r3"),
        "lora.grid.0.arms.4",
        ["unknown arm 'lora-r3'", "lora-r4"],
    ),
    (lambda c: c["lora"]["grid"][0]["arms"].append("base"), "lora.grid.0.arms.4", ["unknown arm 'base'"]),
    (
        lambda c: c["selfimprove"]["grid"][0].update(loops=["sure"]),
        "selfimprove.grid.0.loops.0",
        ["unknown loop"],
    ),
    (
        lambda c: c["tokenizer"]["grid"][0].update(mixes=["all"]),
        "tokenizer.grid.0.mixes.0",
        ["unknown mix 'all'"],
    ),
    (lambda c: c["tokenizer"]["corpora"].append("books"), "tokenizer.corpora.3", ["unknown corpus 'books'"]),
    (
        lambda c: c["tokenizer"]["pretrained"].append("gpt"),
        "tokenizer.pretrained.5",
        ["unknown tokenizer 'gpt'"],
    ),
    (
        lambda c: c["corpora"]["catalogs"]["archives"].append("gnome"),
        "corpora.catalogs.archives.3",
        ["unknown archive 'gnome'"],
    ),
    (
        lambda c: c["corpora"]["catalogs"]["languages"].append("jpn_Japn"),
        "corpora.catalogs.languages.15",
        ["unknown language 'jpn_Japn'", "did you mean 'jpn_Jpan'?"],
    ),
    (lambda c: c["models"][MODEL].update(archive="smollm"), f"models.{MODEL}.archive", ["did you mean"]),
    (
        lambda c: c["tokenizer"]["mixes"]["universal"].update(corpus="x"),
        "tokenizer.mixes.universal.corpus",
        ["'x'"],
    ),
    (
        lambda c: harness(c, "hellaswag", arms=["lora-r3"]),
        "evaluation.harness.grid.0.arms.0",
        ["unknown arm 'lora-r3'"],
    ),
    (
        lambda c: harness(c, "tok2cot-arithmetics"),
        "evaluation.harness.tasks",
        ["no task 'arithmetics'", "did you mean 'arithmetic'?"],
    ),
    (
        lambda c: c["evaluation"]["forgetting"].update(arms=["lora-r3"]),
        "evaluation.forgetting.arms.0",
        ["unknown arm 'lora-r3'"],
    ),
    # what must fit together
    (
        lambda c: harness(c, "hellaswag", seeds=[7]),
        "evaluation.harness.grid.0",
        ["with lora-r1, seed 7 is not scored"],
    ),
    (
        lambda c: harness(c, "tok2cot-functions"),
        "evaluation.harness.tasks",
        ["would run the programs of 'functions' without limits"],
    ),
    (
        lambda c: (decode(c, **TREE), c["evaluation"].update(engine="vllm")),
        "evaluation.engine",
        ["'vllm' decodes no trees"],
    ),
    (lambda c: decode(c, **TREE | {"width": 1}), "evaluation.decoding.new.width", ["too small"]),
    (lambda c: decode(c, **TREE, temperature=1), "evaluation.decoding.new.temperature", ["unknown key"]),
    (
        lambda c: decode(c, how="beam", branches=4, prompt="Think."),
        "evaluation.decoding.new.prompt",
        ["holds {prompt} 0 times", "hold it once"],
    ),
    (
        lambda c: decode(c, how="beam", branches=4, prompt="{prompt} {prompt}"),
        "evaluation.decoding.new.prompt",
        ["holds {prompt} 2 times"],
    ),
    (
        lambda c: (decode(c, how="top-k", branches=4, prompt="So: {prompt}"), loop(c, decoding="new")),
        "selfimprove.loops.confidence.decoding",
        ["without ask or prompt"],
    ),
    (
        lambda c: (records(c, path="README.md", verifier="yes-no"), harness(c, "tok2cot-mine")),
        "evaluation.harness.tasks",
        ["lm-eval cannot judge the answers of 'mine'"],
    ),
    (
        lambda c: (task(c, "coin_flip", people=2), harness(c, "tok2cot-mine")),
        "evaluation.harness.tasks",
        ["lm-eval cannot judge the answers of 'mine'"],
    ),
    (
        lambda c: (choices(c, chat=True), harness(c, "tok2cot-mine")),
        "evaluation.harness.tasks",
        ["the space in front of the choices of 'mine'"],
    ),
    (
        lambda c: (harness(c, "mine"), c["evaluation"]["harness"].update(include_path="nowhere")),
        "evaluation.harness.include_path",
        ["no folder 'nowhere'"],
    ),
    (
        lambda c: c["evaluation"]["forgetting"]["text"][0]["languages"].append("ita_Latn"),
        "evaluation.forgetting.text.0.languages.1",
        ["has no language 'ita_Latn'"],
    ),
    (
        lambda c: (
            c["evaluation"]["forgetting"].update(
                arms=[], text=[{"corpus": "catalogs", "languages": ["ita_Latn"]}]
            ),
            c["selfimprove"].update(forgetting=True),
        ),
        "evaluation.forgetting.text.0.languages.0",
        ["has no language 'ita_Latn'"],
    ),
    (
        lambda c: c["evaluation"]["forgetting"]["text"].append(
            {"corpus": "maths", "languages": ["eng_Latn"]}
        ),
        "evaluation.forgetting.text",
        ["names corpus 'maths' twice"],
    ),
    (
        lambda c: (choices(c), c["evaluation"]["branching"][0]["tasks"].append("mine")),
        "evaluation.branching.0.tasks",
        ["task 'mine' has choices: nothing is decoded"],
    ),
    (
        lambda c: (choices(c), c["selfimprove"]["grid"][0]["tasks"].append("mine")),
        "selfimprove.grid.0.tasks",
        ["task 'mine' has choices", "no chains to train on"],
    ),
    (
        lambda c: c["tokenizer"]["mixes"]["european"]["languages"].append("ita_Latn"),
        "tokenizer.mixes.european.languages.4",
        ["corpus 'catalogs' has no language 'ita_Latn'"],
    ),
    (
        lambda c: c["tokenizer"]["imports"]["llama3"].update(archive="llama"),
        "tokenizer.imports.llama3.archive",
        ["unknown archive 'llama'", "known: pretix"],
    ),
    (
        lambda c: c["tokenizer"]["imports"].update(llama3={"source": "file", "path": "none.json"}),
        "tokenizer.imports.llama3.path",
        ["no file 'none.json'"],
    ),
    (
        lambda c: c["tokenizer"]["imports"]["qwen"].update(encoding="qwen9"),
        "tokenizer.imports.qwen.encoding",
        ["unknown value 'qwen9'", "qwen"],
    ),
    (
        lambda c: c["tokenizer"]["imports"].update({MODEL: c["tokenizer"]["imports"]["llama3"]}),
        f"tokenizer.imports.{MODEL}",
        ["is the name of a model"],
    ),
    (
        lambda c: mix(c, temperature=1, weights={}),
        "tokenizer.mixes.universal",
        ["'temperature' or 'weights' or 'buckets'", "exactly one"],
    ),
    (
        lambda c: mix(c, temperature=1, **{"except": ["ita_Latn"]}),
        "tokenizer.mixes.universal.except.0",
        ["has no language 'ita_Latn'"],
    ),
    (
        lambda c: mix(c, temperature=1, languages=["jpn_Jpan"], **{"except": ["jpn_Jpan"]}),
        "tokenizer.mixes.universal.except",
        ["leaves no language"],
    ),
    (
        lambda c: mix(c, languages=["jpn_Jpan", "eng_Latn"], weights={"jpn_Jpan": 2}),
        "tokenizer.mixes.universal.weights",
        ["has no weight for eng_Latn"],
    ),
    (
        lambda c: mix(c, languages=["jpn_Jpan"], weights={"jpn_Jpan": 2, "eng_Latn": 1}),
        "tokenizer.mixes.universal.weights.eng_Latn",
        ["the mix has no language 'eng_Latn'"],
    ),
    (
        lambda c: mix(c, languages=["jpn_Jpan"], weights={"jpn_Jpan": 0}),
        "tokenizer.mixes.universal.weights.jpn_Jpan",
        ["too small", "more than 0"],
    ),
    (
        lambda c: (mix(c, corpus="python", buckets="family-script"), c["paper"].update(language="eng_Latn")),
        "tokenizer.mixes.universal.buckets",
        ["the family of zxx_Zyyy is not known"],
    ),
    (
        lambda c: c["tokenizer"].update(reference="ita_Latn"),
        "tokenizer.reference",
        ["corpus 'catalogs' has no language 'ita_Latn'"],
    ),
    (
        lambda c: c["paper"].update(language="zxx_Zyyy"),
        "paper.language",
        ["corpus 'catalogs' has no language 'zxx_Zyyy'"],
    ),
    (
        lambda c: c["paper"].update(corpus="news"),
        "paper.corpus",
        ["tokenizers are not measured on 'news'", "catalogs, python, maths"],
    ),
    (
        lambda c: c["corpora"]["catalogs"].update(split={"dev": 0.5, "test": 0.5}),
        "corpora.catalogs.split",
        ["below 1"],
    ),
    (
        lambda c: c["tasks"]["translate-fra"].update(target="ita_Latn"),
        "tasks.translate-fra.target",
        ["has no language 'ita_Latn'", "fra_Latn"],
    ),
    (
        lambda c: c["tasks"]["translate-fra"].update(target="eng_Latn"),
        "tasks.translate-fra.target",
        ["two languages"],
    ),
    (
        lambda c: c["tasks"]["translate-fra"].update(corpus="x"),
        "tasks.translate-fra.corpus",
        ["unknown corpus 'x'"],
    ),
    (
        lambda c: c["tokenizer"]["grid"].pop(0),
        f"models.{MODEL}+bytebpe-16k-universal.tokenizer",
        ["trains no 'bytebpe-16k-universal'", "did you mean 'bytebpe-16k-european'?"],
    ),
    (
        lambda c: model(c, source="graft", base=MODEL, tokenizer="bytebpe-16k-universal", init="focus"),
        "models.mine (",
        ["is a graft", f"call it '{MODEL}+bytebpe-16k-universal+focus'"],
    ),
    (
        lambda c: model(c, source="graft", base=MODEL, tokenizer="llama3", init="focus"),
        "models.mine.tokenizer",
        ["trains no 'llama3'", "imported", "no mix of text for focus"],
    ),
    (
        lambda c: model(c, source="graft", base="nothing", tokenizer="bytebpe-16k-universal", init="mean"),
        "models.mine.base",
        ["no model 'nothing' to graft on"],
    ),
    (
        lambda c: c["models"][NANO].update(init="mean"),
        f"models.{NANO}.init",
        ["'mean' does not fit the base 'nano'"],
    ),
    (
        lambda c: c["models"][f"{MODEL}+bytebpe-16k-universal"].update(init="random"),
        f"models.{MODEL}+bytebpe-16k-universal.init",
        ["'random' does not fit"],
    ),
    (lambda c: c["models"]["nano"].update(heads=5), "models.nano.hidden", ["no even multiple of 5 heads"]),
    (
        lambda c: c["attention"]["grid"][0]["models"].append("nano"),
        "attention.grid.0.models.1",
        ["'nano' is a shape without a tokenizer", NANO],
    ),
    (
        lambda c: c["tokenizer"]["pretrained"].append("nano"),
        "tokenizer.pretrained.5",
        ["'nano' is a shape without a tokenizer"],
    ),
    (
        lambda c: c["models"][f"{MODEL}-retok"].update(seed=4),
        f"models.{MODEL}-retok",
        ["does not train", "by adapt, seed 4"],
    ),
    (
        lambda c: c["pretraining"]["grid"][0]["arms"].append("more"),
        "pretraining.grid.0.arms.3",
        ["unknown arm 'more'", "scratch"],
    ),
    (
        lambda c: c["pretraining"]["arms"].update(base=c["pretraining"]["arms"]["scratch"]),
        "pretraining.arms.base",
        ["the model as it was"],
    ),
    (lambda c: arm(c, "unseen", after="none"), "pretraining.arms.unseen.after", ["unknown arm 'none'"]),
    (
        lambda c: arm(c, "scratch", after="unseen"),
        "pretraining.arms.scratch.after",
        ["'scratch' comes after itself"],
    ),
    (
        lambda c: c["pretraining"]["grid"][0].update(arms=["unseen"]),
        "pretraining.grid",
        ["by unseen, seed 0 starts from 'scratch', which is not trained"],
    ),
    (
        lambda c: arm(c, "scratch", text={**c["pretraining"]["arms"]["scratch"]["text"], "corpus": "books"}),
        "pretraining.arms.scratch.text.corpus",
        ["unknown corpus 'books'"],
    ),
    (
        lambda c: c["pretraining"]["arms"]["scratch"]["text"]["languages"].append("pol_Latn"),
        "pretraining.arms.scratch.text.languages.4",
        ["corpus 'catalogs' has no language 'pol_Latn'"],
    ),
    (
        lambda c: c["pretraining"]["scored"]["text"][1].update(corpus="catalogs"),
        "pretraining.scored.text",
        ["names corpus 'catalogs' twice"],
    ),
    (
        lambda c: warm(c, corpus="cobol"),
        "pretraining.arms.warm.code.corpus",
        ["unknown corpus 'cobol'", "python"],
    ),
    (
        lambda c: warm(c, languages=["eng_Latn"]),
        "pretraining.arms.warm.code.languages.0",
        ["corpus 'python' has no language 'eng_Latn'"],
    ),
    (
        lambda c: warm(c, corpus="catalogs", languages=["rus_Cyrl"]),
        "pretraining.arms.warm.code.corpus",
        ["the corpus of the text too"],
    ),
    (
        lambda c: warm(c, shares={"text": [1.0]}),
        "pretraining.arms.warm.code.shares.text.0",
        ["1.0 is too large", "less than 1"],
    ),
    (
        lambda c: warm(c, training={"steps": 10, "rows": 8}),
        "pretraining.arms.warm.training.rows",
        ["differ in bytes", "give bytes"],
    ),
    (
        lambda c: arm(c, "scratch", training={"steps": 10, "rows": 8, "bytes": 8000}),
        "pretraining.arms.scratch.training",
        ["either 'rows' or 'bytes'"],
    ),
    (
        lambda c: warm(c) or arm(c, "warm", after="warm-text-50"),
        "pretraining.arms.warm.after",
        ["'warm' comes after itself"],
    ),
    (
        lambda c: (
            warm(c) or c["pretraining"]["arms"].update({"warm-text-50": c["pretraining"]["arms"]["scratch"]})
        ),
        "pretraining.arms.warm-text-50",
        ["'warm-text-50', which is that of 'warm'", "another name"],
    ),
    (
        lambda c: warm(c) or c["pretraining"]["grid"][0]["arms"].append("warm-total-50"),
        "pretraining.grid.0.arms.5",
        ["unknown arm 'warm-total-50'", "warm-text-50"],
    ),
    (
        lambda c: warm(c) or c["pretraining"]["grid"][0]["arms"].remove("warm"),
        "pretraining.grid",
        ["by warm-total-12.5, seed 0 is compared with 'warm', which is not trained"],
    ),
    (
        lambda c: c["pretraining"]["scored"].update(tasks=["sums"]),
        "pretraining.scored.tasks.0",
        ["unknown task 'sums'", "arithmetic"],
    ),
    (
        lambda c: (
            c["tasks"].update(catalogs=c["tasks"]["arithmetic"])
            or c["pretraining"]["scored"].update(tasks=["catalogs"])
        ),
        "pretraining.scored.tasks",
        ["name of a corpus"],
    ),
    (
        lambda c: c["lora"]["arms"]["lora"].update(learning_rate="best"),
        "lora.arms.lora.learning_rate",
        ["best"],
    ),
    (
        lambda c: (
            c["lora"]["arms"]["lora"].update(learning_rate="tuned") or c["evaluation"].update(split="dev")
        ),
        "evaluation.split",
        ["learning rates are tuned on 'dev'", "score on 'test'"],
    ),
    (
        lambda c: (
            c["lora"]["arms"]["lora"].update(learning_rate="tuned")
            or c["lora"]["tuning"]["by_method"].update(lora=[0.001])
        ),
        "lora.tuning.by_method.lora",
        ["has 1 rates, other methods have 3", "as many"],
    ),
    (
        lambda c: c["lora"]["tuning"].update(learning_rates=[0.001, 0.001]),
        "lora.tuning.learning_rates",
        ["0.001"],
    ),
    (lambda c: c["lora"].update(pack=0), "lora.pack", ["0"]),
    (
        lambda c: c["evaluation"]["branching"][0].update(seeds=[3]),
        "evaluation.branching.0",
        ["lora-r16, seed 3 is not scored"],
    ),
    (lambda c: loop(c, start="lora-r2"), "selfimprove.loops.confidence.start", ["unknown arm 'lora-r2'"]),
    (
        lambda c: c["evaluation"]["branching"][0].update(decoding=["cots"]),
        "evaluation.branching.0.decoding.0",
        ["unknown decoding 'cots'", "did you mean 'cot'?"],
    ),
    (
        lambda c: c["evaluation"]["decoding"].update(greedy={"how": "beam", "branches": 2}),
        "evaluation.decoding.greedy",
        ["needs no block"],
    ),
    (
        lambda c: decode(c, how="sample", branches=4, temperature=1),
        "evaluation.decoding.new",
        ["lacks the key 'top_p'"],
    ),
    (
        lambda c: decode(c, how="beam", branches=4, temperature=1),
        "evaluation.decoding.new.temperature",
        ["unknown key"],
    ),
    (
        lambda c: decode(c, how="top-k", branches=4, position=1000),
        "evaluation.decoding.new.position",
        ["no completion of 'arithmetic' has a token 1000"],
    ),
    (
        lambda c: (decode(c, how="beam", branches=4), c["evaluation"].update(engine="vllm")),
        "evaluation.engine",
        ["'vllm' decodes no beams", "decode without 'new'"],
    ),
    (
        lambda c: (records(c, path="README.md", verifier="yes-no"), c["evaluation"].update(engine="vllm")),
        "evaluation.engine",
        ["masses of two options, which 'mine' compares"],
    ),
    (
        lambda c: (task(c, "year_parity"), c["evaluation"].update(engine="vllm")),
        "evaluation.engine",
        ["masses of two options, which 'mine' compares"],
    ),
    (
        lambda c: c["evaluation"].update(filter=["empty", "repeated"]),
        "evaluation.filter.1",
        ["'repeated'"],
    ),
    (
        lambda c: (decode(c, how="sample", branches=4, temperature=1, top_p=1), loop(c, decoding="new")),
        "selfimprove.loops.confidence.decoding",
        ["'new' is no block of evaluation.decoding of kind top-k without ask"],
    ),
    (
        lambda c: (
            decode(c, how="top-k", branches=4, ask={"text": " So", "max_new_tokens": 4, "stop": []}),
            loop(c, decoding="new"),
        ),
        "selfimprove.loops.confidence.decoding",
        ["without ask"],
    ),
    (lambda c: loop(c, rounds=11), "selfimprove.loops.confidence.rounds", ["at most 10"]),
    (lambda c: loop(c, rounds=4, pools=3), "selfimprove.loops.confidence.rounds", ["10 pools, and no two"]),
    (lambda c: judge(c, "arithmetik"), "selfimprove.tests.0.task", ["did you mean 'arithmetic'?"]),
    (lambda c: judge(c, "translate-fra"), "selfimprove.tests.0.task", ["right or wrong"]),
    (lambda c: judge(c, "arithmetic-choices"), "selfimprove.tests.0.task", ["no written answers"]),
    (lambda c: judge(c, "functions", "template"), "selfimprove.tests.0.split", ["no items in 'template'"]),
    (
        lambda c: c["selfimprove"]["grid"][0].update(seeds=[7]),
        "selfimprove.grid.0",
        ["seed 7, which is not trained"],
    ),
    (
        lambda c: c["selfimprove"]["grid"][0].update(tasks=["translate-fra"]),
        "selfimprove.grid.0.tasks",
        ["'translate-fra' has no pools"],
    ),
    (
        lambda c: (
            c["tasks"]["arithmetic"].update(
                kind="records", path="README.md", prompt="{q}", answer="{a}", verifier="chrf"
            )
            or [c["tasks"]["arithmetic"].pop(key) for key in ("terms", "digits", "worked_share")]
        ),
        "tasks.arithmetic.verifier",
        ["no right answers from wrong"],
    ),
    (
        lambda c: c["tasks"]["arithmetic"]["items"].pop("pool"),
        "tasks.arithmetic.items",
        ["lacks the key 'pool'"],
    ),
    (
        lambda c: c["attention"]["domains"]["code"].update(lang="eng_Latn"),
        "attention.domains.code.lang",
        ["corpus 'python' has no language 'eng_Latn'"],
    ),
    (lambda c: c["attention"]["domains"]["code"].pop("lang"), "attention.domains.code", ["either a lang"]),
    (lambda c: c["attention"].update(tokens=64), "attention.first_query", ["sinks <= first_query < tokens"]),
    (
        lambda c: c["evaluation"].update(reference="lora-r2"),
        "evaluation.reference",
        ["no arm 'lora-r2' is evaluated", "lora-r1"],
    ),
    (
        lambda c: c["lora"].update(probe=[{"models": ["x"], "tasks": ["arithmetic"], "arms": ["base"]}]),
        "lora.probe.0.arms.0",
        ["unknown arm 'base'"],
    ),
    # files
    (local_corpus, "corpora.mine.files.eng_Latn.0", ["no file 'missing/*.txt'"]),
    (
        lambda c: local_corpus(c, languages=["eng_Latn", "jpn_Jpan"]),
        "corpora.mine.files",
        ["has nothing for jpn_Jpan"],
    ),
    (lambda c: records(c, path="missing.jsonl"), "tasks.mine.path", ["no file 'missing.jsonl'"]),
    (
        lambda c: records(c, path="a.jsonl", columns=["q", "a"]),
        "tasks.mine.columns",
        ["'a.jsonl' is no .tsv file", "take it out"],
    ),
    (
        lambda c: records(c, id="owner/name", split="test", revision="main", columns=["q", "a"]),
        "tasks.mine",
        ["columns"],
    ),
    (
        lambda c: c["tasks"]["arithmetic"]["items"].update(template=9),
        "tasks.arithmetic.items.template",
        ["kind 'arithmetic' holds no templates out"],
    ),
    (
        lambda c: model(c, source="folder", path="missing"),
        "models.mine.path",
        ["no file 'missing/config.json'"],
    ),
    (lambda c: model(c, source="gguf", path="missing.gguf"), "models.mine.path", ["no file 'missing.gguf'"]),
]


@pytest.mark.parametrize(
    ("change", "key", "words"), CASES, ids=[f"{key}: {words[0]}" for _, key, words in CASES]
)
def test_a_mistake_names_key_and_remedy(
    config: dict[str, Any], change: Callable[[dict[str, Any]], Any], key: str, words: list[str]
) -> None:
    change(config)
    found = [line for line in mistakes(config) if line.startswith(key)]
    assert found, mistakes(config)
    assert any(all(word in line for word in words) for line in found), found
    assert all("\n" not in line for line in found)


def test_all_mistakes_are_told_at_once(config: dict[str, Any]) -> None:
    config["seed"] = -1
    config["lora"]["grid"][0]["tasks"].append("sums")
    config["tokenizer"]["corpora"].append("books")
    assert [line.split(" ")[0] for line in mistakes(config)] == [
        "seed",
        "lora.grid.0.tasks.2",
        "tokenizer.corpora.3",
    ]


def test_a_block_that_nothing_uses_may_name_what_is_missing(config: dict[str, Any]) -> None:
    config["models"]["mine"] = {"source": "gguf", "path": "missing.gguf"}
    assert mistakes(config) == []


def test_arms_that_match_and_lie_on_others_are_no_mistake(config: dict[str, Any]) -> None:
    text(config)
    config["lora"]["arms"]["language"] = {**BOTTLENECK, "ranks": [8]}
    narrow(config, match=["lora-r4"], under={"task": "read", "arm": "language-r8"})
    config["lora"]["grid"][0]["arms"].append("language-r8")
    config["lora"]["arms"]["all"] = FULL
    config["lora"]["grid"][0]["arms"].append("all")
    assert mistakes(config) == []


def test_a_full_fine_tuning_that_is_trained_may_be_taken_apart(config: dict[str, Any]) -> None:
    probe(config)
    assert mistakes(config) == []


def test_local_files_that_exist_are_no_mistake(config: dict[str, Any], folder: Path) -> None:
    (folder / "missing").mkdir()
    (folder / "missing" / "a.txt").write_text("text")
    local_corpus(config)
    assert mistakes(config) == []


def test_a_mistake_names_file_and_line(config: dict[str, Any], folder: Path) -> None:
    own = folder / "own.yaml"
    own.write_text("lora:\n  arms:\n    lora:\n      ranks: [1, -1]\n")
    lay(config, yaml.safe_load(own.read_text()))
    (line,) = (
        line for line in configuration.mistakes(config, ROOT, [str(own), str(DEFAULT)]) if "ranks.1" in line
    )
    assert f"({own}, line 4)" in line


def test_a_mistake_on_the_command_line_is_not_blamed_on_a_file(config: dict[str, Any]) -> None:
    config["seed"] = -5
    assert mistakes(config)[0].startswith("seed (given with --config)")


def test_results_that_cannot_be_written_are_a_mistake(config: dict[str, Any], folder: Path) -> None:
    (folder / "results").write_text("")
    assert mistakes(config) == [
        f"{folder}/results: cannot be written (Not a directory); make it a folder that you can write to"
    ]


def test_results_on_a_file_system_without_writing_are_a_mistake(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Path("/proc/self").exists():
        pytest.skip("needs /proc, in which nobody can make a file")
    monkeypatch.chdir("/proc")
    assert "cannot be written" in mistakes(config)[0]


def test_the_check_leaves_nothing_behind(config: dict[str, Any], folder: Path) -> None:
    mistakes(config)
    assert list(folder.iterdir()) == []


def test_check_stops_the_workflow(config: dict[str, Any]) -> None:
    from snakemake.exceptions import WorkflowError

    configuration.check(config, ROOT, [str(DEFAULT)])
    config["seed"] = -1
    with pytest.raises(WorkflowError, match="too small"):
        configuration.check(config, ROOT, [str(DEFAULT)])


def test_text_of_the_command_line_gets_its_type(config: dict[str, Any]) -> None:
    over = {
        "lora": {"checkpoint_every": "50", "arms": {"lora": {"ranks": ["2", "16"], "learning_rate": "5e-4"}}}
    }
    over["selfimprove"] = {"loops": {"confidence": {"accumulate": "false"}}}
    lay(config, over)
    with pytest.raises(Exception, match="unknown arm 'lora-r1'"):
        configuration.check(config, ROOT, [str(DEFAULT)])
    assert config["lora"]["checkpoint_every"] == 50
    assert config["lora"]["arms"]["lora"]["ranks"] == [2, 16]
    assert config["lora"]["arms"]["lora"]["learning_rate"] == 5e-4
    assert config["selfimprove"]["loops"]["confidence"]["accumulate"] is False


def test_text_of_a_file_stays_text(config: dict[str, Any], folder: Path) -> None:
    own = folder / "own.yaml"
    own.write_text("seed: '7'\n")
    lay(config, yaml.safe_load(own.read_text()))
    with pytest.raises(Exception, match="'7' is not an integer"):
        configuration.check(config, ROOT, [str(own), str(DEFAULT)])


def test_text_that_has_not_the_type_is_told(config: dict[str, Any]) -> None:
    config["lora"]["checkpoint_every"] = "often"
    with pytest.raises(Exception, match="'often' is not an integer"):
        configuration.check(config, ROOT, [str(DEFAULT)])
