import numpy as np
import pytest

from lib.models import graft
from lib.models.graft import mean_rows, old_pieces, shared_tokens

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


def test_shared_tokens_have_the_same_bytes_or_role():
    new = [b"<stop>", b"b", b"a b", None, b"\xc3"]
    assert shared_tokens(new, OLD, roles={0: 6}) == {0: 6, 1: 1, 4: 4}
    assert shared_tokens([b"A"], [b"A", b" ", b"A", None], roles={}) == {0: 2}


def test_sparsemax_by_hand():
    torch = pytest.importorskip("torch")
    scores = torch.tensor([[1.0, 0.5, -1.0], [0.2, 0.2, 0.2], [-3.0, 0.0, 2.0]])
    expected = torch.tensor([[0.75, 0.25, 0], [1 / 3, 1 / 3, 1 / 3], [0, 0, 1]])
    assert torch.allclose(graft.sparsemax(scores), expected)
    assert graft.sparsemax(torch.tensor([[-5.0]])).tolist() == [[1.0]]


def test_sparsemax_against_a_search_for_the_threshold():
    torch = pytest.importorskip("torch")
    scores = torch.randn(50, 30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    low, high = scores.min(1, keepdim=True).values - 1, scores.max(1, keepdim=True).values
    for _ in range(60):
        middle = (low + high) / 2
        above = (scores - middle).clamp(min=0).sum(1, keepdim=True) > 1
        low, high = torch.where(above, middle, low), torch.where(above, high, middle)
    assert torch.allclose(graft.sparsemax(scores), (scores - low).clamp(min=0))


@pytest.mark.parametrize("at_once", [1, 1024])
def test_focus_by_hand(monkeypatch, at_once):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(graft, "AT_ONCE", at_once)
    # New tokens 0 and 4 are old 2 and 1, at right angles; 7 is between them, 3 like 0, 9 unlike both.
    vectors = np.array([[5, 5], [0, 2], [1, 0], [3, 0], [-1, -1]], "float32")
    combined = graft.focus(np.array([7, 4, 0, 3, 9]), vectors, {0: 2, 4: 1, 5: 0})
    assert combined.tokens == [7, 3, 9] and combined.anchors == [1, 2]
    assert torch.allclose(combined.weights.to_dense(), torch.tensor([[0.5, 0.5], [0, 1], [0.5, 0.5]]))
    weight = torch.tensor([[9.0, 9.0], [2.0, 4.0], [6.0, 0.0]])
    expected = torch.tensor([[4.0, 2.0], [6.0, 0.0], [4.0, 2.0]])
    assert torch.allclose(combined.rows(weight), expected)
    assert torch.allclose(combined.rows(weight[:, 0]), expected[:, 0])


def test_focus_where_all_that_has_a_vector_is_shared():
    torch = pytest.importorskip("torch")
    combined = graft.focus(np.array([4]), np.ones((1, 2), "float32"), {4: 0})
    assert combined.tokens == [] and combined.rows(torch.ones(3, 5)).shape == (0, 5)


def test_focus_without_a_shared_token():
    pytest.importorskip("torch")
    with pytest.raises(ValueError, match="no shared token has a vector"):
        graft.focus(np.array([4]), np.ones((1, 2), "float32"), {0: 0})
