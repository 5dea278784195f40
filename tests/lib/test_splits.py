import pytest

from lib.splits import SPLITS, normalise, shuffled, split_of, without_shared


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Save changes", "save  changes!"),
        ("Name:", "Name"),
        ("a\nb", "a b"),
        ("ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("STRASSE", "straße"),
        ("“quoted”", "quoted"),
    ],
)
def test_messages_that_differ_in_case_space_or_punctuation_are_one(one, other):
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("पता", "पति"),  # differ in vowel signs alone
        ("เก่า", "เก้า"),  # differ in a tone mark alone
        ("...", "!"),
        ("3 + 5", "3 = 5"),
        ("12", "1 2"),
    ],
)
def test_other_messages_stay_apart(one, other):
    assert normalise(one) != normalise(other)


def test_shares_are_kept_and_equal_messages_stay_together():
    messages = [f"message number {i}" for i in range(4000)]
    splits = [split_of(message, dev=0.05, test=0.15) for message in messages]
    assert splits.count("test") / 4000 == pytest.approx(0.15, abs=0.02)
    assert splits.count("dev") / 4000 == pytest.approx(0.05, abs=0.02)
    assert splits == [split_of(message.upper() + "!", dev=0.05, test=0.15) for message in messages]


def test_a_larger_share_moves_no_message_out_of_its_split():
    for i in range(500):
        before = split_of(f"message {i}", dev=0.1, test=0.1)
        after = split_of(f"message {i}", dev=0.2, test=0.3)
        assert before == "train" or after == before


def test_the_beginning_of_a_shuffled_source_has_all_splits():
    messages = sorted((f"message {i}" for i in range(4000)), key=shuffled)[:1000]
    splits = [split_of(message, dev=0.05, test=0.15) for message in messages]
    assert splits.count("test") / 1000 == pytest.approx(0.15, abs=0.03)
    assert splits.count("dev") / 1000 == pytest.approx(0.05, abs=0.02)


def test_no_share_no_split():
    assert {split_of(f"message {i}", dev=0.0, test=0.0) for i in range(200)} == {"train"}


def test_a_text_of_two_splits_stays_in_the_later_one_only():
    texts = {"train": ["Total", "a", "a", "b"], "dev": ["TOTAL", "b!"], "test": ["total.", "c"]}
    kept = without_shared(texts)
    assert kept == {"train": [1, 2], "dev": [1], "test": [0, 1]}
    seen = {split: {normalise(texts[split][i]) for i in kept[split]} for split in SPLITS}
    assert not seen["train"] & seen["dev"] and not (seen["train"] | seen["dev"]) & seen["test"]
