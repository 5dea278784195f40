import pytest

from lib.graft import mean_rows, old_pieces

OLD = [b"a", b"b", b"ab", b" ", b"\xc3", b"\xa9", b"<end>"]


def encode(text):
    return {"a": [0], "ab": [2], "aba": [2, 0], " b": [3, 1], "é": [4, 5], "": []}[text]


def test_new_tokens_are_spelt_in_old_ones():
    new = [b"aba", b" b", "é".encode(), b"\xc3", b"\xe3\x81", b"a\xa9", b"<stop>", None]
    found = old_pieces(new, encode, OLD, roles={6: 6})
    assert found == [[2, 0], [3, 1], [4, 5], [4], [], [0, 5], [6], []]


def test_mean_of_the_pieces():
    torch = pytest.importorskip("torch")
    weight = torch.tensor([[1.0, 0.0], [3.0, 2.0], [5.0, 1.0]])
    rows = mean_rows(weight, [[0], [0, 1], [1, 1, 2], []])
    assert torch.allclose(rows, torch.tensor([[1, 0], [2, 1], [11 / 3, 5 / 3], [3, 1]]))
    assert mean_rows(weight[:, 0], [[0, 1], []]).tolist() == [2.0, 3.0]
