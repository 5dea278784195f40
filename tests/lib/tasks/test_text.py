import pandas as pd

from lib.tasks.item import item_id
from lib.tasks.text import items

TEXTS = {"a": "Enregistrer les modifications", "b": "Ouvrir", "c": "Fermer"}


def read(order=True, seed=0):
    rows = [{"doc_id": name, "text": text, "source": f"app-{name}"} for name, text in TEXTS.items()]
    documents = pd.DataFrame(rows).sort_values("doc_id", ascending=order, ignore_index=True)
    return list(items({"lang": "fra_Latn", "max_characters": 10}, "train", seed, [documents]))


def test_documents_are_targets_in_parts():
    found = read()
    assert {item.target for item in found} == {"Enregistre", "r les modi", "fications", "Ouvrir", "Fermer"}
    parts = [item.target for item in found if item.template == "app-a"]
    assert "".join(parts) == TEXTS["a"]
    for item in found:
        assert (item.prompt, item.answer, item.verifier, item.style) == ("", None, None, "plain")
        assert item.item_id == item_id(item.target)


def test_the_order_is_that_of_the_seed_alone():
    assert read() == read(order=False)
    assert len({tuple(item.target for item in read(seed=seed)) for seed in range(8)}) > 1
