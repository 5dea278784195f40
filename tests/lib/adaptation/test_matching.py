from dataclasses import replace

import pytest
from tiny_arms import arm
from tiny_lm import random_model

from lib.adaptation.matching import nearest, solved
from lib.adaptation.methods import METHODS


@pytest.mark.parametrize(
    ("wanted", "rank"),
    [(0, 1), (13, 1), (17, 1), (18, 1), (19, 2), (23, 2), (24, 2), (1003, 100), (1008, 100), (1009, 101)],
)
def test_the_nearest_count_wins(wanted, rank):
    assert nearest(lambda rank: 3 + 10 * rank, wanted) == rank


@pytest.mark.parametrize("wanted", range(0, 200, 7))
def test_the_search_finds_what_trying_all_finds(wanted):
    counts = {rank: rank * rank + 5 * rank for rank in range(1, 30)}
    slow = min(counts, key=lambda rank: (abs(counts[rank] - wanted), rank))
    assert nearest(counts.__getitem__, wanted) == slow


def matched(own, **other):
    return replace(arm(own), rank=None, match=other)


def test_by_hand():
    model = random_model("llama")
    # LoRA of rank 4: 2 x 4 x 464 = 3712; a bottleneck of width w: 2 x (65 w + 32), so w = 28.06.
    found = solved(model, matched("bottleneck", method="lora", rank=4, targets="all-linear"))
    assert (found.rank, found.key) == (28, "lora.arms.bottleneck")
    assert METHODS["bottleneck"].parameters(model, found) == 3704
    # Queries only, of rank 8: 2 x 8 x 64 = 1024; LoRA everywhere has 928 a rank.
    found = solved(model, matched("lora", method="lora", rank=8, targets=["q_proj"]))
    assert (found.rank, found.scaling) == (1, 8)
    # All 57,344 and more weights: DoRA of 2 x (464 r + 224).
    found = solved(model, matched("dora", method="full"))
    assert found.rank == round((METHODS["full"].parameters(model, arm("full")) / 2 - 224) / 464)


def test_alpha_by_rank_waits_for_the_rank():
    waiting = replace(matched("lora", method="bottleneck", rank=28), alpha=None, alpha_per_rank=2.0)
    assert waiting.scaling is None
    found = solved(random_model("llama"), waiting)
    assert (found.rank, found.numerator, found.scaling) == (4, 8.0, 2.0)


def test_an_arm_with_a_rank_is_left_as_it_is():
    assert solved(None, arm("lora")) == arm("lora")
