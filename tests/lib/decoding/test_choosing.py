import math

import numpy as np
import pytest
import torch

from lib.decoding.choosing import look, sampled, uniform

LOGITS = torch.tensor([[0.5, 0.1, 0.4], [0.2, 0.2, 0.6]]).log() + 7


def test_margins_are_of_probabilities_over_the_whole_vocabulary():
    seen = look(LOGITS)
    assert seen.likeliest == [0, 2]
    assert seen.margins == pytest.approx([0.1, 0.4])
    assert seen.contrasts == [None, None]


def test_masses_of_two_groups():
    assert look(LOGITS, ([1, 2], [0])).contrasts == pytest.approx([0.0, 0.6], abs=1e-6)


@pytest.mark.parametrize(
    ("temperature", "top_p", "numbers", "tokens"),
    [
        (1.0, 1.0, [0.49, 0.0], [0, 0]),
        (1.0, 1.0, [0.51, 0.39], [1, 1]),
        (1.0, 1.0, [0.61, 0.41], [2, 2]),
        (1.0, 0.9, [0.54, 0.99], [0, 1]),  # of 0.5 and 0.4; of 0.6, 0.2 and 0.2: with ties by token
        (1.0, 0.9, [0.56, 0.59], [2, 2]),
        (1.0, 0.5, [0.999, 0.999], [0, 2]),
        (0.5, 1.0, [0.58, 0.1], [0, 1]),  # squares: 25/42, 1/42, 16/42; 4/44, 4/44, 36/44
    ],
)
def test_draws_by_hand(temperature, top_p, numbers, tokens):
    assert sampled(LOGITS, temperature, top_p, numbers).tolist() == tokens


def test_draws_have_the_distribution():
    count = 4000
    numbers = (np.arange(count) + 0.5) / count
    tokens = sampled(LOGITS[0].expand(count, -1), 1.0, 1.0, numbers.astype(np.float32))
    assert (tokens.bincount() / count).tolist() == pytest.approx([0.5, 0.1, 0.4], abs=2 / count)


def test_a_nucleus_of_many_tokens():
    numbers = np.linspace(0, 0.9999, 1200, dtype=np.float32)
    drawn = sampled(torch.zeros(1, 1000).expand(len(numbers), -1), 1.0, 0.5, numbers)
    assert 500 <= len(set(drawn.tolist())) <= 501  # the sum may reach a half a token later


def drawn_slowly(logits, temperature, top_p, number):
    """Every token in turn, the likeliest first where there is a nucleus, until the number is passed."""
    chances = [math.exp(value / temperature) for value in logits.double().tolist()]
    order = list(range(len(chances)))
    if top_p < 1:
        order.sort(key=lambda token: -chances[token])
        whole, kept = sum(chances), 0
        while sum(chances[token] for token in order[:kept]) < top_p * whole:
            kept += 1
        order = order[:kept]
    left = number * sum(chances[token] for token in order)
    for token in order:
        left -= chances[token]
        if left < 0:
            return token


@pytest.mark.parametrize(("temperature", "top_p"), [(1, 1), (0.7, 1), (1, 0.9), (0.5, 0.8), (3, 0.99)])
def test_draws_are_those_of_going_through_all_tokens(temperature, top_p):
    source = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(40, 700, generator=source)  # some nuclei are of more than NUCLEUS tokens
    numbers = torch.rand(40, generator=source).tolist()
    expected = [
        drawn_slowly(row, temperature, top_p, number) for row, number in zip(logits, numbers, strict=True)
    ]
    assert sampled(logits, temperature, top_p, numbers).tolist() == expected


def test_the_end_of_the_mass_is_the_last_token_that_has_any():
    logits = torch.tensor([[0.0, 0.0, -torch.inf]])
    assert sampled(logits, 1.0, 1.0, [np.nextafter(np.float32(1), np.float32(0))]).item() == 1


def test_numbers_are_of_one_branch():
    one = uniform(0, "item", 2, 5)
    assert one.dtype == np.float32 and ((one >= 0) & (one < 1)).all()
    assert (uniform(0, "item", 2, 9)[:5] == one).all()
    for other in ((1, "item", 2), (0, "other", 2), (0, "item", 3)):
        assert (uniform(*other, 5) != one).all()
