import pandas as pd

from lib.tasks.item import item_id
from lib.tasks.translation import items

TASK = {"source": "eng_Latn", "target": "fra_Latn", "max_characters": 20}
TEXTS = {
    "m1": ("Save changes", "Enregistrer"),
    "m2": ("Open", "Ouvrir"),
    "m3": ("Two\nlines", "Deux lignes"),
    "m4": ("Three lines", "Trois\nlignes"),
    "m5": ("Short", "x" * 21),
    "m6": ("y" * 21, "court"),
    "m7": ("y" * 20, "x" * 20),
    "m8": ("Only English", None),
    "m9": (None, "Rien"),
}


def documents(place, order):
    rows = [
        {"doc_id": group, "group_id": group, "text": texts[place], "source": f"app-{group}"}
        for group, texts in TEXTS.items()
        if texts[place]
    ]
    return pd.DataFrame(rows).sort_values("group_id", ascending=order, ignore_index=True)


def translated(seed=0):
    return list(items(TASK, "test", seed, [documents(0, True), documents(1, False)]))


def test_short_messages_of_both_languages_joined_by_group():
    found = {item.prompt: item for item in translated()}
    prompts = {group: f"English: {TEXTS[group][0]}\nFrench:" for group in ("m1", "m2", "m7")}
    assert set(found) == set(prompts.values())
    for group, prompt in prompts.items():
        source, target = TEXTS[group]
        item = found[prompt]
        assert (item.answer, item.target, item.item_id) == (target, f" {target}", item_id(source))
        assert (item.verifier, item.template, item.style) == ("chrf", f"app-{group}", "plain")


def test_the_order_is_the_seeds():
    assert translated(1) == translated(1)
    assert len({tuple(item.item_id for item in translated(seed)) for seed in range(8)}) > 1


def with_second_texts(place):
    """Documents in which each group says something else too, as a corpus of the user's own may."""
    first = documents(place, True)
    second = first.assign(doc_id=first["doc_id"] + "-0001", text="other " + first["text"])
    return pd.concat([second, first])


def test_the_first_text_of_a_group_counts_on_both_sides():
    sides = documents(0, True), documents(1, True)
    several = with_second_texts(0), with_second_texts(1)
    plain = list(items(TASK, "test", 0, list(sides)))
    assert list(items(TASK, "test", 0, [several[0], sides[1]])) == plain
    assert list(items(TASK, "test", 0, [sides[0], several[1]])) == plain
    assert list(items(TASK, "test", 0, list(several))) == plain
