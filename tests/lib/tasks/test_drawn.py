import re
from collections import Counter
from itertools import islice

import pytest
import task_build

from lib.decoding.verifiers import VERIFIERS
from lib.tasks import drawn, gsm_templates
from lib.tasks.gsm_templates import held_out
from lib.tasks.item import item_id, split_of
from lib.tasks.letter_counting import spelled
from lib.tasks.names import NAMES
from lib.tasks.people import BORN

TASKS = {
    "arithmetic": {"terms": 2, "digits": 1},
    "last_letters": {"words": 2},
    "coin_flip": {"people": 3},
    "year_parity": {},
    "letter_counting": {"words": 2},
    "gsm_templates": {},
}


def items(kind, split="train", n=100, seed=0, worked_share=0.5):
    stream = task_build.KINDS[kind]({**TASKS[kind], "worked_share": worked_share}, split, seed, [])
    return list(islice(stream, n))


def question(item):
    return re.fullmatch(r"Q: (.*)\nA:", item.prompt)[1]


@pytest.mark.parametrize("kind", TASKS)
def test_targets_end_in_the_answer_that_the_verifier_finds(kind):
    found = items(kind)
    styles = Counter(item.style for item in found)
    assert min(styles["direct"], styles["worked"]) > 25 and styles.total() == 100
    for item in found:
        judge = VERIFIERS[item.verifier]
        span = judge.find(item.target)
        assert item.target[span.start : span.end] == item.answer
        assert judge.judge(judge.normalise(item.answer), item).score == 1
        assert split_of(question(item)) == "train" and item.item_id == item_id(question(item))
        end = f"The answer is {item.answer}"
        assert (
            item.target.endswith(f". {end}") if item.style == "worked" else item.target == f" {item.answer}"
        )


@pytest.mark.parametrize("kind", TASKS)
def test_the_share_of_worked_targets_is_the_tasks(kind):
    for share, style in ((0, "direct"), (1, "worked")):
        assert {item.style for item in items(kind, n=20, worked_share=share)} == {style}


@pytest.mark.parametrize("kind", TASKS)
def test_a_seed_has_its_own_order_and_keeps_the_style_of_a_question(kind):
    first, again, other = items(kind), items(kind), items(kind, seed=1)
    assert first == again != other
    known = {item.item_id: item for item in first}
    assert all(known.get(item.item_id, item) == item for item in other)


def test_last_letters():
    for item in items("last_letters"):
        names = re.search('"(.*)"', item.prompt)[1].split()
        assert item.answer == "".join(name[-1] for name in names) and len(names) == 2
        if item.style == "worked":
            steps = re.findall(r"last letter of (\w+) is (\w)\.", item.target)
            assert steps == [(name, name[-1]) for name in names]


def test_coins_turn_when_they_are_flipped():
    counts = Counter()
    for item in items("coin_flip"):
        told = re.findall(r"[A-Z]\w+ (flips|does not flip) the coin\.", item.prompt)
        flips = [deed == "flips" for deed in told]
        assert len(flips) == 3 and item.answer == ("no" if sum(flips) % 2 else "yes")
        counts[item.answer] += 1
        if item.style == "worked":
            sides = re.findall(r"so it is (heads|tails) up", item.target)
            turns = [sum(flips[: place + 1]) % 2 for place in range(3)]
            assert sides == [("heads", "tails")[turn] for turn in turns]
    assert min(counts.values()) > 30


def test_years_are_those_of_the_people():
    found = items("year_parity", worked_share=1)
    people = [re.search("Was (.*) born", item.prompt)[1] for item in found]
    assert len(set(people)) == len(people)  # a person is asked for once
    for item, name in zip(found, people, strict=True):
        assert item.answer == ("even", "odd")[BORN[name] % 2]
        assert item.target.startswith(f" {name} was born in {BORN[name]}. {BORN[name]} is {item.answer}.")
    parities = Counter(year % 2 for year in BORN.values())
    assert abs(parities[0] - parities[1]) < 0.1 * len(BORN)  # always saying the same is right half the time


def test_lists_of_names_and_people():
    assert len(set(NAMES)) == len(NAMES) > 250 and all(re.fullmatch("[A-Z][a-z]+", name) for name in NAMES)
    assert len({name.casefold() for name in BORN}) == len(BORN)
    assert all(1400 < year < 2010 for year in BORN.values())
    known = {"Albert Einstein": 1879, "Marie Curie": 1867, "Barack Obama": 1961, "George H. W. Bush": 1924}
    assert known.items() <= BORN.items()


def test_letters_are_counted():
    assert spelled(["Wee", "eel"], "e") == "Wee: w, e (1), e (2). eel: e (3), e (4), l."
    for item in items("letter_counting", n=50):
        letter, text = re.search('letter "(.)" appear in the text: "(.*)"', item.prompt).groups()
        assert item.answer == str(text.lower().count(letter)) and len(text.split()) == 2


def test_templates_are_held_out():
    from reasoning_gym.arithmetic.gsm_symbolic.gsm_symbolic import tasks_ok

    known = {f"gsm-symbolic-{number}" for number in tasks_ok}
    splits = {split: items("gsm_templates", split, 300) for split in ("train", "test", "pool-3", "template")}
    templates = {split: {item.template for item in found} for split, found in splits.items()}
    unseen = templates.pop("template")
    assert unseen == set(filter(held_out, known)) and 0.1 < len(unseen) / len(known) < 0.3
    for seen in templates.values():
        assert len(seen) > 60 and seen <= known - unseen
    # A split of its own needs no share of the questions: it has those of every other split.
    assert {split_of(question(item)) for item in splits["template"]} > {"train", "dev", "test", "pool-1"}


def test_word_problems_are_those_of_the_library_without_its_order():
    import reasoning_gym

    from lib.seeds import derive

    library = reasoning_gym.create_dataset("gsm_symbolic", seed=derive(0, "gsm_templates"), size=drawn.DRAWS)
    entries = {entry["question"]: entry for entry in islice(library, 2000)}
    for item in items("gsm_templates", n=200, worked_share=1):
        assert not re.search(r"final answer|\n|\d\.\d{4}", question(item) + item.target)
        entry = entries[question(item) + gsm_templates.ORDER]
        assert item.answer == entry["answer"]
        if float(item.answer) >= 0:  # the library's own judge drops the sign
            assert library.score_answer(item.answer, entry) == 1
