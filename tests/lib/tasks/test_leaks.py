"""No question is in two splits of a task, whatever the seeds; and a leak would be found."""

from itertools import islice

import pandas as pd
import pytest
import task_build

from lib.tasks import drawn, gsm_templates, letter_counting
from lib.tasks.item import POOLS, TEMPLATE
from lib.tasks.leaks import leaks

SPLITS = ["train", "dev", "test", *(f"pool-{number}" for number in range(1, POOLS + 1))]
# Spaces as small as they get: a split by seed, or by place in a stream, would share most of their questions.
TASKS = {
    "arithmetic": {"terms": 2, "digits": 1},
    "arithmetic_choices": {"terms": 2, "digits": 1, "choices": 2},
    "coin_flip": {"people": 1},
    "functions": {"steps": 1, "digits": 2},
    "gsm_templates": {},
    "last_letters": {"words": 1},
    "letter_counting": {"words": 1},
    "year_parity": {},
}


def built(kind, split, seed, n=400):
    """A split as task_build has it: distinct questions, as many as there are up to n."""
    stream = task_build.KINDS[kind]({**TASKS[kind], "worked_share": 0.5}, split, seed, [])
    found = {item.item_id: item._asdict() for item in islice(stream, n)}
    return pd.DataFrame(found.values())


@pytest.fixture(autouse=True)
def few(monkeypatch):
    for module in (drawn, gsm_templates, letter_counting):
        monkeypatch.setattr(module, "DRAWS", 1500)


def test_every_kind_that_draws_is_here():
    assert TASKS.keys() == task_build.LARGER.keys()


@pytest.mark.parametrize("kind", TASKS)
def test_no_two_splits_share_a_question_though_each_has_a_seed_of_its_own(kind):
    names = [*SPLITS, TEMPLATE] if kind == "gsm_templates" else SPLITS
    splits = {name: built(kind, name, seed) for seed, name in enumerate(names)}
    assert all(len(items) for items in splits.values())
    assert list(leaks(splits)) == []


def test_a_question_in_two_splits_is_found():
    splits = {name: built("coin_flip", name, 0) for name in ("train", "test", "pool-1", "pool-2")}
    assert list(leaks(splits)) == []
    asked = splits["test"].iloc[[3]]
    splits["pool-2"] = pd.concat([splits["pool-2"], asked])
    ((one, other, shared),) = leaks(splits)
    assert (one, other) == ("test", "pool-2")
    assert shared == f"1 questions, like {asked['prompt'].iloc[0]!r}"


def test_a_template_in_two_splits_is_found():
    splits = {name: built("gsm_templates", name, 0) for name in ("train", "test", "template")}
    assert list(leaks(splits)) == []
    splits["train"].loc[0, "template"] = name = splits["template"]["template"].iloc[0]
    assert list(leaks(splits)) == [("train", "template", f"1 templates, like {name!r}")]


@pytest.mark.parametrize("name", ["gsm_symbolic", "letter_counting"])
def test_neighbouring_seeds_of_reasoning_gym_share_their_random_numbers(name):
    # Item i is drawn from seed + i, which is why splits are never made by the library's seed.
    import reasoning_gym

    one, other = (reasoning_gym.create_dataset(name, seed=seed, size=300) for seed in (42, 43))
    if name == "gsm_symbolic":
        other.task_indices = one.task_indices[1:] + other.task_indices[-1:]  # else the templates differ
    assert [other[i]["question"] for i in range(299)] == [one[i + 1]["question"] for i in range(299)]


@pytest.mark.parametrize("module", [gsm_templates, letter_counting])
def test_a_leak_of_the_library_does_not_reach_the_splits(module, monkeypatch):
    # Even with neighbouring seeds of the library itself in place of ours.
    monkeypatch.setattr(module, "derive", lambda seed, _: seed)
    kind = module.__name__.rsplit(".")[-1]
    splits = {name: built(kind, name, seed) for seed, name in enumerate(["train", "test", "pool-1"], 42)}
    assert list(leaks(splits)) == []
    again = {"one": built(kind, "train", 42), "other": built(kind, "train", 43)}
    assert len(list(leaks(again))) == 1  # what splits by seed would share
