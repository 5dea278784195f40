import numpy as np

from lib.draws import within


def test_a_limit_draws_documents_that_fit():
    octets = np.array([40, 30, 30, 30, 30])
    chosen = within(octets, 100, "a", seed=0)
    assert 2 <= len(chosen) <= 3 and octets[chosen].sum() <= 100 and (np.diff(chosen) > 0).all()
    assert within(octets, None, "a", seed=0).tolist() == [0, 1, 2, 3, 4]
    assert within(octets, 160, "a", seed=0).tolist() == [0, 1, 2, 3, 4]
    assert len(within(octets, 10, "a", seed=0)) == 1


def test_the_draw_within_a_limit_depends_on_language_and_seed():
    octets = np.ones(100, int)
    again = within(octets, 50, "a", 1)
    assert (within(octets, 50, "a", 1) == again).all() and len(again) == 50
    assert (within(octets, 50, "a", 2) != again).any() and (within(octets, 50, "b", 1) != again).any()
