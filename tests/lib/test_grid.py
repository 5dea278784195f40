import pytest

from lib import grid
from lib.grid import Cell


def test_names_of_tokenizers():
    blocks = [
        {"families": ["bpe", "unigram"], "sizes": [4000, 300], "mixes": ["all"]},
        {"families": ["unigram"], "sizes": [16500], "mixes": ["some"]},
    ]
    found = grid.tokenizers({"tokenizer": {"grid": blocks}})
    assert list(found) == [
        "bpe-4k-all",
        "bpe-300-all",
        "unigram-4k-all",
        "unigram-300-all",
        "unigram-16500-some",
    ]
    assert found["unigram-4k-all"] == {"family": "unigram", "size": 4000, "mix": "all"}


@pytest.mark.parametrize(("init", "name"), [("mean", "base+bpe-4k-all"), ("focus", "base+bpe-4k-all+focus")])
def test_names_of_grafts(init, name):
    assert grid.graft_name({"base": "base", "tokenizer": "bpe-4k-all", "init": init}) == name


def test_languages_of_a_mix():
    config = {"corpora": {"news": {"languages": ["eng_Latn", "jpn_Jpan", "fra_Latn"]}}}
    assert grid.mix_languages(config, {"corpus": "news", "languages": "all"}) == [
        "eng_Latn",
        "jpn_Jpan",
        "fra_Latn",
    ]
    but = {"corpus": "news", "languages": "all", "except": ["jpn_Jpan"]}
    assert grid.mix_languages(config, but) == ["eng_Latn", "fra_Latn"]
    assert grid.mix_languages(config, {"corpus": "news", "languages": ["fra_Latn"]}) == ["fra_Latn"]


def test_narrower_mixes_are_those_with_some_of_the_languages():
    languages = ["eng_Latn", "jpn_Jpan", "fra_Latn"]
    mixes = {
        "all": {"corpus": "news", "languages": "all"},
        "again": {"corpus": "news", "languages": languages},
        "english": {"corpus": "news", "languages": ["eng_Latn"]},
        "asian": {"corpus": "news", "languages": ["jpn_Jpan"]},
        "elsewhere": {"corpus": "web", "languages": ["eng_Latn"]},
    }
    blocks = [
        {"families": ["bpe"], "sizes": [4000], "mixes": list(mixes)},
        {"families": ["bpe"], "sizes": [8000], "mixes": ["english"]},
        {"families": ["unigram"], "sizes": [4000], "mixes": ["asian"]},
    ]
    corpora = {"news": {"languages": languages}, "web": {"languages": ["eng_Latn"]}}
    found = grid.narrower({"corpora": corpora, "tokenizer": {"mixes": mixes, "grid": blocks}})
    assert list(found) == ["bpe-4k-all", "bpe-4k-again"]
    assert all(others == ["bpe-4k-english", "bpe-4k-asian"] for others in found.values())


def test_arms_of_a_block():
    blocks = {
        "wide": {"method": "lora", "ranks": [1, 16], "alpha": 32},
        "narrow": {"method": "bottleneck", "match": ["wide-r16", "all"], "under": {"task": "t", "arm": "a"}},
        "all": {"method": "full", "clip": 1.0},
    }
    found = grid.arms({"lora": {"arms": blocks}})
    assert list(found) == ["wide-r1", "wide-r16", "narrow-as-wide-r16", "narrow-as-all", "all"]
    assert found["wide-r16"] == {"method": "lora", "alpha": 32, "block": "wide", "rank": 16}
    assert found["all"] == {"method": "full", "clip": 1.0, "block": "all"}
    assert grid.trained_as(found, "wide-r16") == found["wide-r16"]
    # Of what is matched only what decides the number of parameters, which no other setting changes.
    assert grid.trained_as(found, "narrow-as-wide-r16") == {
        "method": "bottleneck",
        "block": "narrow",
        "match": {"method": "lora", "rank": 16},
    }


def test_cells_are_all_combinations_each_once():
    blocks = [
        {"models": ["m"], "tasks": ["s", "t"], "arms": ["a"], "seeds": [0, 1]},
        {"models": ["m", "n"], "tasks": ["s"], "arms": ["a"], "seeds": [0]},
    ]
    assert grid.cells(blocks) == [
        Cell("m", "s", "a", 0),
        Cell("m", "s", "a", 1),
        Cell("m", "t", "a", 0),
        Cell("m", "t", "a", 1),
        Cell("n", "s", "a", 0),
    ]
    loops = [{"models": ["m"], "tasks": ["s"], "loops": ["l"], "seeds": [0]}]
    assert grid.cells(loops, "loops") == [Cell("m", "s", "l", 0)]


def test_a_rate_is_tuned_once_for_all_seeds():
    ranks = {"method": "lora", "alpha": 8, "ranks": [1, 2]}
    config = {
        "lora": {
            "arms": {"given": {**ranks, "learning_rate": 0.1}, "open": {**ranks, "learning_rate": "tuned"}},
            "grid": [
                {"models": ["m"], "tasks": ["s", "t"], "arms": ["given-r1", "open-r1"], "seeds": [0, 1]},
                {"models": ["m"], "tasks": ["t"], "arms": ["open-r1", "open-r2"], "seeds": [2]},
            ],
        }
    }
    assert grid.tunings(config) == [("m", "s", "open-r1"), ("m", "t", "open-r1"), ("m", "t", "open-r2")]


def test_the_base_is_scored_once_beside_each_model_and_task():
    blocks = [{"models": ["m"], "tasks": ["s", "t"], "arms": ["a", "b"], "seeds": [0, 1]}]
    config = {"lora": {"grid": blocks}, "tasks": {"s": {"kind": "arithmetic"}, "t": {"kind": "records"}}}
    found = grid.evaluated(config)
    assert found[:2] == [Cell("m", "s", "base", 0), Cell("m", "t", "base", 0)]
    assert found[2:] == grid.cells(blocks)
    config["tasks"]["t"]["kind"] = "text"  # which asks nothing
    assert {cell.task for cell in grid.evaluated(config)} == {"s"}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("first", ["b", "a"]), ("a", ["a", "a"]), ("b", ["b", "a"]), ("base", ["base", "base"])],
)
def test_arms_are_compared_with_one_of_theirs(wanted, found):
    blocks = [
        {"models": ["m"], "tasks": ["s"], "arms": ["b", "a"], "seeds": [0]},
        {"models": ["m"], "tasks": ["s", "t"], "arms": ["a"], "seeds": [0]},
    ]
    config = {"tasks": {}, "lora": {"grid": blocks}, "evaluation": {"reference": wanted}}
    assert grid.references(config) == dict(zip([("m", "s"), ("m", "t")], found, strict=True))


def test_an_arm_is_probed_once_with_the_first_seed_that_it_is_trained_with():
    blocks = [
        {"models": ["m"], "tasks": ["s", "text"], "arms": ["a", "b"], "seeds": [3, 1]},
        {"models": ["m"], "tasks": ["s"], "arms": ["c"], "seeds": [0]},
    ]
    config = {"tasks": {"text": {"kind": "text"}}, "lora": {"grid": blocks, "probe": True}}
    every = [Cell("m", "s", "a", 3), Cell("m", "s", "b", 3), Cell("m", "s", "c", 0)]
    assert grid.probed(config) == every  # nothing is asked of plain text
    config["lora"]["probe"] = [{"models": ["m", "n"], "tasks": ["s"], "arms": ["c", "b"]}]
    assert grid.probed(config) == [every[2], every[1]]
    config["lora"]["probe"] = False
    assert grid.probed(config) == []


def test_how_cells_are_decoded():
    """Round 0 is read from the evaluation, and must have the decoders of the later rounds."""
    block = {"models": ["m"], "tasks": ["s"], "seeds": [0]}
    kinds = {"top": "top-k", "other": "top-k", "asked": "top-k", "put": "top-k", "drawn": "sample"}
    kinds["grown"] = "tree"
    more = {"asked": {"ask": {}}, "put": {"prompt": "So: {prompt}"}}
    config = {
        "tasks": {"s": {"kind": "arithmetic"}, "exam": {"kind": "choices"}},
        "lora": {"grid": [{**block, "tasks": ["s", "exam"], "arms": ["a", "b", "c"]}]},
        "evaluation": {
            "decoding": {name: {"how": how, **more.get(name, {})} for name, how in kinds.items()},
            "branching": [
                {**block, "arms": ["b"], "decoding": ["drawn", "other", "top"]},
                {**block, "arms": ["base"], "decoding": ["drawn", "asked", "put", "grown"]},
            ],
        },
        "selfimprove": {
            "loops": {"l": {"start": "a", "decoding": "top"}},
            "grid": [{**block, "loops": ["l"]}],
        },
    }
    assert grid.decoded(config) == {
        Cell("m", "s", "base", 0): ["greedy", "drawn", "asked", "put", "grown"],
        Cell("m", "s", "a", 0): ["top"],
        Cell("m", "s", "b", 0): ["other", "drawn", "top"],
        Cell("m", "s", "c", 0): ["greedy"],
        **{Cell("m", "exam", arm, 0): ["choice"] for arm in ("base", "a", "b", "c")},
    }
    assert grid.searched(config) == ["grown"]


READ = {
    "text": {"corpus": "news", "languages": ["eng_Latn", "fra_Latn"], "bytes_per_language": 8000},
    "training": {"steps": 30, "rows": 4},
}
PRETRAINING = {
    "models": {
        "m": {"source": "tiny"},
        "m+t": {"source": "graft", "base": "m", "tokenizer": "t", "init": "mean"},
        "later": {"source": "pretraining", "model": "m+t", "arm": "first", "seed": 0},
    },
    "pretraining": {
        "arms": {"first": READ, "second": {**READ, "after": "first"}},
        "grid": [
            {"models": ["m", "m+t"], "arms": ["first"], "seeds": [0, 1]},
            {"models": ["m+t", "m"], "arms": ["first", "second"], "seeds": [0]},
        ],
    },
}


def test_trainings_are_all_combinations_each_once():
    assert grid.pretrained(PRETRAINING) == [
        ("m", "first", 0),
        ("m", "first", 1),
        ("m+t", "first", 0),
        ("m+t", "first", 1),
        ("m+t", "second", 0),
        ("m", "second", 0),
    ]
    assert [grid.before(PRETRAINING, arm) for arm in ("first", "second")] == ["base", "first"]


CODE = {
    "text": {"corpus": "news", "languages": ["eng_Latn", "fra_Latn"], "bytes_per_language": 7000},
    "code": {"corpus": "python", "languages": ["zxx_Zyyy"], "shares": {"total": [0.125, 1], "text": [0.5]}},
    "training": {"steps": 40, "bytes": 350},
    "after": "first",
}


def test_shares_of_code_are_arms_beside_the_one_without():
    found = grid.text_arms({"pretraining": {"arms": {"first": READ, "warm": CODE}}})
    assert list(found) == ["first", "warm", "warm-total-12.5", "warm-total-100", "warm-text-50"]
    amounts = {
        name: ({text["corpus"]: text["bytes_per_language"] for text in arm["text"]}, arm["training"]["steps"])
        for name, arm in found.items()
    }
    # 14,000 bytes in two languages; an eighth of them are 1,750, and half of 28,000 are as many again.
    assert amounts == {
        "first": ({"news": 8000}, 30),
        "warm": ({"news": 7000}, 40),
        "warm-total-12.5": ({"news": 6125, "python": 1750}, 40),
        "warm-total-100": ({"python": 14000}, 40),
        "warm-text-50": ({"news": 7000, "python": 14000}, 80),
    }
    assert [(arm["block"], arm["share"], arm["fixed"]) for arm in found.values()] == [
        ("first", None, None),
        ("warm", 0.0, None),
        ("warm", 0.125, "total"),
        ("warm", 1, "total"),
        ("warm", 0.5, "text"),
    ]
    assert all(found[name]["training"]["bytes"] == 350 for name in list(found)[1:])
    assert all("code" not in arm and arm["after"] == "first" for arm in list(found.values())[1:])


def test_the_arm_without_code_is_the_block_without_its_shares():
    plain = {key: value for key, value in CODE.items() if key != "code"}
    (mixed, *_), (alone,) = (
        grid.text_arms({"pretraining": {"arms": {"warm": block}}}).values() for block in (CODE, plain)
    )
    assert mixed == {**alone, "share": 0.0}


def test_models_are_compared_with_the_first_of_their_first_block():
    assert grid.against(PRETRAINING) == {"m": "m", "m+t": "m"}


def test_a_trained_model_keeps_its_tokenizer():
    own, put = {"tokenizer": "m", "base": None}, {"tokenizer": "t", "base": "m"}
    assert [grid.tokenizer_of(PRETRAINING, model) for model in ("m", "m+t", "later")] == [own, put, put]


def test_probed_and_compared_are_found_by_what_their_paths_say():
    probe = {"models": ["a", "b"], "tasks": ["t"], "full": "all", "arms": [], "ranks": [1], "seeds": [0, 3]}
    blocks = [{"models": ["a"], "tasks": ["t", "u"]}, {"models": ["b"], "tasks": ["u"]}]
    config = {"expressivity": {"grid": [probe]}, "interference": {"grid": blocks}}
    assert list(grid.updates(config)) == [("a", "t", 0), ("a", "t", 3), ("b", "t", 0), ("b", "t", 3)]
    assert grid.updates(config)["b", "t", 3] == probe
    assert grid.compared(config) == {"a": ["t", "u"], "b": ["u"]}


def test_tasks_whose_answers_are_chosen():
    kinds = {"sums": "arithmetic", "exam": "choices", "near": "arithmetic_choices", "code": "programs"}
    tasks = {name: {"kind": kind} for name, kind in kinds.items()}
    assert grid.choosing({"tasks": tasks}) == ["exam", "near"]


def test_adapters_that_read_held_out_text():
    block = {"models": ["m"], "tasks": ["a", "b"], "arms": ["lora-r1", "lora-r4"], "seeds": [0]}
    config = {"lora": {"grid": [block]}, "evaluation": {"forgetting": {"arms": ["lora-r4", "lora-r8"]}}}
    assert grid.held_out(config) == [Cell("m", "a", "lora-r4", 0), Cell("m", "b", "lora-r4", 0)]
