import numpy as np
import pandas as pd
import pytest
from tiny_lm import WORDS, byte_tokenizer

from lib.attention.windows import SEPARATOR, pack, texts_of_groups


@pytest.fixture(scope="module")
def tokenizer():
    return byte_tokenizer()


def test_tokens_start_at_characters_not_bytes(tokenizer):
    # Each of these kana is three bytes, and no merge knows them: three tokens a character.
    windows = pack(tokenizer, ["かな", "x"], tokens=8, count=1, seed=0)
    assert windows.starts.tolist() == [[0, 0, 0, 1, 1, 1, 2, 3]]
    assert tokenizer.decode(windows.ids[0]) == "かな" + SEPARATOR


def test_starts_go_on_over_the_documents_of_a_window(tokenizer):
    windows = pack(tokenizer, ["な", "zz", "zzzz"], tokens=11, count=1, seed=0)
    assert windows.starts.tolist() == [[0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]]
    assert tokenizer.decode(windows.ids[0]) == "な" + SEPARATOR + "zz" + SEPARATOR + "zz"


def test_no_document_is_in_two_windows(tokenizer):
    texts = [chr(ord("A") + i) * 5 for i in range(20)]
    windows = pack(tokenizer, texts, tokens=16, count=4, seed=0)
    seen = [set(tokenizer.decode(ids)) - set(SEPARATOR) for ids in windows.ids]
    assert windows.ids.shape == (4, 16)
    assert all(seen[i].isdisjoint(seen[j]) for i in range(4) for j in range(i))


def test_a_long_text_gives_one_window_from_a_place_drawn_at_random(tokenizer):
    text = "".join(chr(ord("A") + i % 26) + chr(ord("0") + i // 26) for i in range(200))
    windows = pack(tokenizer, [text, text], tokens=10, count=5, seed=3)
    assert windows.ids.shape == (2, 10)
    assert windows.starts.tolist() == [list(range(10))] * 2
    read = [tokenizer.decode(ids) for ids in windows.ids]
    assert all(part in text for part in read) and read[0] != read[1]
    assert not all(text.startswith(part) for part in read)
    again = pack(tokenizer, [text, text], tokens=10, count=5, seed=3)
    assert np.array_equal(again.ids, windows.ids)


def test_the_tokenizer_decides_what_stands_in_front():
    tokenizer = byte_tokenizer(bos=True)
    windows = pack(tokenizer, ["zzzz"] * 4, tokens=6, count=2, seed=0)
    assert windows.ids[:, 0].tolist() == [0, 0]
    assert windows.starts.tolist() == [[0, 0, 1, 2, 3, 4]] * 2


def test_too_little_text_gives_fewer_windows_and_no_padding(tokenizer):
    assert pack(tokenizer, [WORDS] * 3, tokens=64, count=9, seed=0).ids.shape[0] < 9
    empty = pack(tokenizer, ["z"], tokens=64, count=9, seed=0)
    assert empty.ids.shape == empty.starts.shape == (0, 64)


def test_a_window_needs_room_for_text():
    with pytest.raises(ValueError, match="leave no room"):
        pack(byte_tokenizer(bos=True), ["z"], tokens=1, count=1, seed=0)


def documents(**texts):
    rows = [
        (group, f"{group}-{part}", text) for group, parts in texts.items() for part, text in enumerate(parts)
    ]
    return pd.DataFrame(rows, columns=["group_id", "doc_id", "text"])


def test_a_group_gives_one_text_and_any_of_its_parts():
    files = documents(a=["a0", "a1", "a2"], b=["b0"], c=["c0", "c1"])
    drawn = [texts_of_groups([files], seed) for seed in range(30)]
    assert all(sorted(text[0] for text in texts) == ["a", "b", "c"] for texts in drawn)
    assert {text for texts in drawn for text in texts} == {"a0", "a1", "a2", "b0", "c0", "c1"}
    assert len({tuple(text[0] for text in texts) for texts in drawn}) == 6  # all orders
    assert texts_of_groups([files.sample(frac=1, random_state=1)], 0) == drawn[0]  # whatever the file's order


def test_parallel_texts_are_a_line_each_of_the_groups_that_all_have():
    english, french = documents(a=["cat"], b=["dog"], c=["bird"]), documents(b=["chien"], a=["chat"])
    assert sorted(texts_of_groups([english, french], 0)) == ["cat\nchat", "dog\nchien"]
