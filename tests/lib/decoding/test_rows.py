import pytest
import torch
from tiny_lm import HYBRIDS, SMALL, random_model

from lib.decoding.rows import READ_TOKENS, Lockstep, Slots, attends, read, rows_for

PROMPTS = [[5, 6, 7], [8, 9, 10, 11, 12], [13], [14, 15]]


def alone(model, ids):
    return model(torch.tensor([ids]), use_cache=False).logits[0, -1]


@pytest.fixture(scope="module")
def llama():
    torch.set_num_threads(1)
    return random_model("llama")


@pytest.mark.parametrize(
    ("kind", "settings", "longest", "expected"),
    [
        ("llama", {}, 100, True),
        ("gpt_neox", {}, 100, True),
        ("mistral", {"sliding_window": 9}, 8, True),  # no row outgrows the window
        ("mistral", {"sliding_window": 9}, 9, False),
        ("lfm2", HYBRIDS["lfm2"], 8, False),
        ("mamba", {"num_hidden_layers": 1}, 8, False),
    ],
)
def test_which_models_have_slots(kind, settings, longest, expected):
    model = random_model(kind, **{**SMALL, **settings})
    assert attends(model, longest) == expected
    assert isinstance(rows_for(model, 2, longest), Slots if expected else Lockstep)


def test_rows_take_the_places_of_those_that_ended(llama):
    with torch.inference_mode():
        rows = Slots(llama, 3, 12)
        logits, prefixes = read(llama, PROMPTS)
        for row, prompt in zip(logits, PROMPTS, strict=True):
            torch.testing.assert_close(row, alone(llama, prompt))
        rows.add(prefixes[:3])
        assert rows.room == 0
        texts = [list(prompt) for prompt in PROMPTS[:3]]

        def step(*tokens):
            for text, token in zip(texts, tokens, strict=True):
                text.append(token)
            for row, text in zip(rows.step(torch.tensor(tokens)), texts, strict=True):
                torch.testing.assert_close(row, alone(llama, text), atol=1e-4, rtol=0)

        step(20, 21, 22)
        assert rows.keep([1, 2]) == [2, 1]  # the last row moves into the hole
        texts = [texts[2], texts[1]]
        step(23, 24)
        rows.add([prefixes[3]])
        texts.append(list(PROMPTS[3]))
        step(25, 26, 27)
        assert rows.keep([0, 2]) == [0, 2]
        texts = [texts[0], texts[2]]
        step(28, 29)
        assert rows.keep([]) == [] and rows.room == 3


def test_what_a_place_held_before_does_not_matter(llama):
    with torch.inference_mode():
        found = []
        for before in ([9] * 9, [3]):
            rows = Slots(llama, 1, 10)
            rows.add(read(llama, [before])[1])
            rows.step(torch.tensor([4]))
            rows.keep([])
            rows.add(read(llama, [PROMPTS[0]])[1])
            found.append(rows.step(torch.tensor([4])))
        assert torch.equal(*found)


def test_prompts_are_read_by_tokens(llama):
    rows = Slots(llama, 8, 400)
    assert rows.together([READ_TOKENS * 2, 1], 3) == 1
    assert rows.together([READ_TOKENS // 4] * 9, 3) == 4
    assert rows.together([1, READ_TOKENS // 2, READ_TOKENS // 2], 3) == 2
    assert rows.together([2, 2], 3) == 2


def test_lockstep_begins_when_all_rows_have_ended(llama):
    rows = Lockstep(llama, 5)
    assert rows.together([1, 1, 1], 2) == 2 and rows.together([1, 1], 9) == 1
    with torch.inference_mode():
        prefixes = read(llama, PROMPTS)[1]
        assert rows.room == 5
        rows.add([prefixes[1], prefixes[0], prefixes[0]])
        assert rows.room == 0
        found = rows.step(torch.tensor([20, 21, 22]))
        torch.testing.assert_close(found[1], alone(llama, [*PROMPTS[0], 21]), atol=1e-4, rtol=0)
        assert rows.keep([0, 2]) == [0, 2]
        found = rows.step(torch.tensor([23, 24]))
        torch.testing.assert_close(found[1], alone(llama, [*PROMPTS[0], 22, 24]), atol=1e-4, rtol=0)
        rows.keep([])
        assert rows.room == 5
        rows.add([prefixes[3]])  # what was read before is as it was
        torch.testing.assert_close(
            rows.step(torch.tensor([7]))[0], alone(llama, [*PROMPTS[3], 7]), atol=1e-4, rtol=0
        )
