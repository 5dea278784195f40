from lib.tasks.item import POOLS, fill, item_id, normalised, split_of


def test_case_and_white_space_make_no_other_question():
    assert normalised("  What is\n 2 +  2?") == normalised("WHAT is 2 + 2?") == "what is 2 + 2?"
    assert item_id("What is 2 + 2?") == item_id(" what is  2 + 2? ") != item_id("What is 2 + 3?")
    assert len(item_id("x")) == 16
    for number in range(200):
        assert split_of(f"Is {number} odd?") == split_of(f"  is {number}\nodd? ")


def test_splits_have_their_shares():
    splits = [split_of(f"question {number}") for number in range(10_000)]
    shares = {name: splits.count(name) / 10_000 for name in set(splits)}
    pools = {f"pool-{number}" for number in range(1, POOLS + 1)}
    assert set(shares) == {"test", "dev", "train"} | pools
    assert abs(shares["test"] - 0.2) < 0.02
    assert abs(shares["dev"] - 0.05) < 0.02
    assert abs(shares["train"] - 0.35) < 0.02
    assert all(abs(shares[name] - 0.04) < 0.01 for name in pools)


def test_no_question_ever_moves():
    # A change of these would silently leak questions between results of two versions.
    assert [split_of(f"{number} + {number}") for number in range(6)] == [
        "train",
        "pool-8",
        "pool-8",
        "pool-9",
        "test",
        "train",
    ]


def test_templates():
    assert fill("{q} ({n}){gone}", {"q": "Who?", "n": 3, "gone": None}) == "Who? (3)"
    assert fill("{tests}", {"tests": ["assert a", "assert b"]}) == "assert a\nassert b"
