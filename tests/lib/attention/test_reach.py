import math

import pytest
import torch

from lib.attention import reach
from lib.attention.reach import Rule, reach_sums


def scores_to_query_key(scores):
    """Queries and keys of one head whose dot products are the given T x T scores."""
    matrix = torch.tensor(scores)
    return matrix[None, None], torch.eye(len(scores))[None, None]


def test_three_tokens_by_hand():
    # Row 1 has weights 1/4, 3/4; row 2 has 1/6, 2/6, 3/6. Key 0 is the sink.
    query, key = scores_to_query_key([[0.0, 0, 0], [0, math.log(3), 9], [0, math.log(2), math.log(3)]])
    starts = torch.tensor([[0, 4, 9]])
    sums = reach_sums(query, key, None, 1.0, starts, Rule(1, 1, 1.0))
    assert sums.sink.item() == pytest.approx(1 / 4 + 1 / 6)
    assert sums.mass.item() == pytest.approx(3 / 4 + 2 / 6 + 3 / 6)
    assert sums.token.item() == pytest.approx(2 / 6 * 1)  # a query's own key is at distance 0
    assert sums.char.item() == pytest.approx(2 / 6 * 5)
    assert sums.null_token.item() == pytest.approx((0 + 1 / 2) / 2)
    assert sums.null_char.item() == pytest.approx((0 + 5 / 2) / 2)


def test_a_key_that_takes_most_of_a_layers_attention_is_a_sink():
    # Queries 1 to 3 give key 1 the shares 1/2, 2/3 and 2/4; the others get even shares of the rest.
    query, key = scores_to_query_key(
        [[0.0, 0, 0, 0], [0, 0, 0, 0], [0, math.log(4), 0, 0], [0, math.log(3), 0, 0]]
    )
    starts = torch.tensor([[0, 4, 9, 11]])
    received = (1 / 2 + 2 / 3 + 1 / 2) / 3
    below = reach_sums(query, key, None, 1.0, starts, Rule(1, 1, received + 1e-6))
    assert below.sink_keys.item() == 1
    assert below.token.item() == pytest.approx(2 / 3 * 1 + 2 / 4 * 2 + 1 / 6 * 1)
    above = reach_sums(query, key, None, 1.0, starts, Rule(1, 1, received - 1e-6))
    assert above.sink_keys.item() == 2
    assert above.sink.item() == pytest.approx(1 + 5 / 6 + 4 / 6)
    assert above.mass.item() == pytest.approx(0 + 1 / 6 + 2 / 6)
    assert above.token.item() == pytest.approx(1 / 6 * 1)
    assert above.char.item() == pytest.approx(1 / 6 * 2)
    # Query 1 has only sinks, query 2 only itself, query 3 itself and key 2.
    assert above.null_token.item() == pytest.approx((0 + 1 / 2) / 2)
    assert above.null_char.item() == pytest.approx((0 + 2 / 2) / 2)


def test_one_head_alone_does_not_make_a_sink():
    # Head 0 looks at key 1 only, which is half of what two heads give.
    query = torch.zeros(1, 2, 8, 2)
    query[0, 0, :, 0] = 1
    key = torch.zeros(1, 2, 8, 2)
    key[0, 0, 1, 0] = 50
    sums = reach_sums(query, key, None, 1.0, torch.arange(8)[None], Rule(2, 1, 0.7))
    assert sums.sink_keys.item() == 1
    assert sums.mass[0].tolist() == pytest.approx([6.0, sum(1 - 1 / (i + 1) for i in range(2, 8))])


def test_even_attention_reaches_what_the_null_says():
    length = 40
    query, key = torch.zeros(1, 2, length, 4), torch.zeros(1, 1, length, 4)
    starts = torch.arange(length)[None] * 3
    # For one query, so that each query's mass, which falls with its sinks' share, does not weigh.
    sums = reach_sums(query, key, None, 1.0, starts, Rule(length - 1, 4, 1.0))
    even = (length - 1 - 4) / 2
    assert (sums.token / sums.mass)[0].tolist() == pytest.approx([even, even])
    assert sums.null_token.item() == pytest.approx(even)
    assert sums.null_char.item() == pytest.approx(3 * even)
    assert (sums.sink / (sums.sink + sums.mass))[0].tolist() == pytest.approx([4 / length] * 2)


def test_a_sliding_window_bounds_reach_and_null():
    length, width = 12, 3
    position = torch.arange(length)
    lag = position[:, None] - position
    mask = ((lag >= 0) & (lag < width))[None, None]
    query, key = torch.zeros(1, 1, length, 2), torch.zeros(1, 1, length, 2)
    sums = reach_sums(query, key, mask, 1.0, position[None], Rule(6, 1, 1.0))
    assert (sums.token / sums.mass).item() == pytest.approx(1.0)  # lags 0, 1, 2
    assert sums.null_token.item() == pytest.approx(1.0)
    assert sums.sink.item() == 0.0


def test_blocks_do_not_change_the_sums(monkeypatch):
    torch.manual_seed(0)
    query, key = torch.randn(2, 4, 33, 8), torch.randn(2, 2, 33, 8)
    starts = torch.randint(1, 6, (2, 33)).cumsum(1)
    whole = reach_sums(query, key, None, 0.5, starts, Rule(5, 2, 1.0))
    monkeypatch.setattr(reach, "BLOCK_ELEMENTS", 2 * 4 * 33 * 4)  # four queries at a time
    blocks = reach_sums(query, key, None, 0.5, starts, Rule(5, 2, 1.0))
    for one, other in zip(whole, blocks, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


def test_sums_are_float32_exact_for_bfloat16_models():
    # bfloat16 cannot hold integers above 256, so a distance of 999 shows any loss.
    length = 1000
    query, key = torch.zeros(1, 1, length, 2), torch.zeros(1, 1, length, 2)
    key[0, 0, 1, 0] = query[0, 0, -1, 0] = 64.0
    starts = torch.arange(length)[None]
    sums = reach_sums(query.bfloat16(), key.bfloat16(), None, 1.0, starts, Rule(length - 1, 1, 1.0))
    assert (sums.token / sums.mass).item() == pytest.approx(998.0, abs=1e-3)
