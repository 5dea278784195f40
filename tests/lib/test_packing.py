import itertools

import pytest
import torch
from tiny_lm import SMALL, random_model

from lib.models.side_by_side import share_sequences
from lib.packing import IGNORED, Row, chunks, pack, row_losses, shared, target_loss

ROWS = [
    Row([5, 6, 7], [8, 9]),
    Row([10], [11, 12, 13, 14, 15]),
    Row([5, 6, 7, 20, 21, 22, 23], [8]),
    Row([40, 41], [42, 43, 44]),
]
# Beginnings that prompts share: all of a prompt, a part, none; and a row twice, as in two passes.
ALIKE = [Row([5, 6, 7], [8, 9]), Row([5, 6, 7], [9, 8]), Row([5, 6, 7], [9, 8]), Row([5, 6, 4, 3], [2, 1])]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


# The last two do not give out what comes from the head, but scale it.
MODELS = {
    "llama": SMALL,
    "qwen2": SMALL,
    "gpt_neox": SMALL,
    "granite": {**SMALL, "logits_scaling": 4.0},
    "cohere": {**SMALL, "logit_scale": 0.25},
}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return sharing(random_model(request.param, **MODELS[request.param]))


def sharing(model):
    assert share_sequences(model, 128) == 128
    return model


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    return [weight.grad.clone() for weight in model.parameters() if weight.grad is not None]


def padded_loss(model, rows):
    """The same loss as transformers' users know it: a padded batch, and logits at every place."""
    width = max(len(row.prompt) + len(row.target) for row in rows)
    ids, mask, labels = (torch.zeros(len(rows), width, dtype=torch.long) for _ in range(3))
    labels += IGNORED
    for number, (prompt, target, *_) in enumerate(rows):
        length = len(prompt) + len(target)
        ids[number, :length] = torch.tensor([*prompt, *target])
        mask[number, :length] = 1
        labels[number, len(prompt) : length] = torch.tensor(target)
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1]
    return torch.nn.functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]),
        labels[:, 1:].reshape(-1),
        ignore_index=IGNORED,
        reduction="sum",
    )


def assert_equal_gradients(found, expected):
    assert len(found) == len(expected) > 10
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-5 * (1 + other.abs().max().item()))


def test_rows_are_laid_end_to_end_and_filled_up():
    batch = pack(ROWS[:2])
    assert batch.ids.tolist() == [[5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, *[0] * 21]]
    assert batch.positions.tolist() == [[0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, *range(21)]]
    assert batch.labels.tolist() == [*[IGNORED] * 3, 8, 9, IGNORED, 11, 12, 13, 14, 15, *[IGNORED] * 21]
    assert batch.places.tolist() == [[[[0, 1, 2, 3, 4, 32 + 0], [5, 6, 7, 8, 9, 10]]]]
    assert batch.spans == [(0, 0, 11)]


def test_rows_of_one_reader_stand_together_and_share_nothing_with_others():
    batch = pack([*ALIKE[:2], *(row._replace(reader=3) for row in ALIKE[1:])])
    assert batch.ids[0, :16].tolist() == [5, 6, 7, 8, 9, 7, 9, 8, 5, 6, 7, 9, 8, 7, 9, 8]
    assert batch.spans == [(0, 0, 8), (3, 8, 20)]


def test_what_prompts_begin_with_alike_is_laid_once():
    assert [shared(*pair) for pair in itertools.pairwise(ALIKE)] == [2, 2, 2]
    assert shared(None, ALIKE[0]) == 0
    assert shared(Row([1, 2], [3]), Row([1, 2, 3], [4])) == 1  # never the last token of a prompt
    batch = pack(ALIKE)
    assert batch.ids[0, :14].tolist() == [5, 6, 7, 8, 9, 7, 9, 8, 7, 9, 8, 4, 3, 2]
    assert batch.positions[0, :14].tolist() == [0, 1, 2, 3, 4, 2, 3, 4, 2, 3, 4, 2, 3, 4]
    assert batch.places.tolist() == [
        [[[0, 1, 2, 3, 4, 32], [0, 1, 5, 6, 7, 32], [0, 1, 8, 9, 10, 32], [0, 1, 11, 12, 13, 14]]]
    ]


def test_a_full_sequence_is_not_filled_up():
    batch = pack([Row(list(range(1, 31)), [31, 32])])
    assert batch.ids.tolist() == [list(range(1, 33))]


@pytest.mark.parametrize("rows", [ROWS, ALIKE])
def test_loss_and_gradients_are_those_of_the_padded_batch(model, rows):
    packed, padded = target_loss(model, pack(rows)), padded_loss(model, rows)
    assert packed.item() == pytest.approx(padded.item(), rel=1e-5)
    assert_equal_gradients(gradients(model, packed), gradients(model, padded))


def test_a_row_alone_keeps_to_the_sliding_window():
    model = random_model("mistral", **{**SMALL, "sliding_window": 4})
    unlimited = random_model("mistral", **{**SMALL, "sliding_window": None})
    row = ROWS[2:3]
    packed, padded = target_loss(model, pack(row)), padded_loss(model, row)
    assert packed.item() == pytest.approx(padded.item(), rel=1e-5)
    assert packed.item() != pytest.approx(padded_loss(unlimited, row).item(), rel=1e-2)


def test_rows_share_a_sequence_only_below_the_window():
    model = random_model("mistral", **{**SMALL, "sliding_window": 8})
    assert share_sequences(model, 128) == 8
    packed, padded = target_loss(model, pack(ROWS[:2])), padded_loss(model, ROWS[:2])
    assert packed.item() == pytest.approx(padded.item(), rel=1e-5)


def test_loss_and_gradients_are_the_sum_over_rows(model):
    alone = [padded_loss(model, [row]) for row in ROWS]
    packed = target_loss(model, pack(ROWS))
    assert packed.item() == pytest.approx(sum(loss.item() for loss in alone), rel=1e-5)
    assert_equal_gradients(gradients(model, packed), gradients(model, sum(alone)))


def test_losses_of_rows_are_those_of_each_alone(model):
    with torch.no_grad():
        found = row_losses(model, ROWS, pack(ROWS))
        alone = [target_loss(model, pack([row])).item() for row in ROWS]
    assert found.dtype == torch.float64 and found.tolist() == pytest.approx(alone, rel=1e-4)


def test_parts_add_up_to_the_whole(model):
    parts = [target_loss(model, pack(part)) for part in chunks(ROWS, 11)]
    assert len(parts) == 3
    whole = target_loss(model, pack(ROWS))
    assert sum(part.item() for part in parts) == pytest.approx(whole.item(), rel=1e-5)
    assert_equal_gradients(gradients(model, sum(parts)), gradients(model, whole))


def test_no_row_sees_another(model):
    def hidden(rows):
        batch = pack(rows)
        with torch.no_grad():
            read = {"position_ids": batch.positions, "attention_mask": batch.places, "use_cache": False}
            return model.get_decoder()(batch.ids, **read).last_hidden_state[0]

    other = [ROWS[0], Row([99], [98, 97, 96, 95, 94]), *ROWS[2:]]  # the second row, of the same length
    before, after = hidden(ROWS), hidden(other)
    apart = slice(5, 11)
    assert not torch.allclose(before[apart], after[apart], atol=1e-2)
    before[apart] = after[apart]
    assert torch.equal(before, after)


def test_numbers_that_overflow_in_a_row_reach_no_other(model):
    second = torch.arange(5, 11)  # places of the second row
    hook = model.get_input_embeddings().register_forward_hook(
        lambda layer, ids, vectors: vectors.index_fill(1, second, torch.nan)
    )
    with hook, torch.no_grad():
        found = row_losses(model, ROWS, pack(ROWS))
    assert found.isnan().tolist() == [False, True, False, False]


def test_groups_keep_below_their_size_and_in_order():
    lengths = [3, 3, 3, 20, 1, 9, 1]
    rows = [Row([number], [0] * (length - 1)) for number, length in enumerate(lengths)]
    groups = chunks(rows, 10)
    assert [[row.prompt[0] for row in group] for group in groups] == [[0, 1, 2], [3], [4, 5], [6]]
    assert chunks([], 10) == []


def test_what_rows_share_takes_no_room_in_a_group():
    template = list(range(100))
    rows = [Row([*template, number], [number]) for number in range(6)]
    assert [len(group) for group in chunks(rows, 108)] == [4, 2]
