from lib.paper.pareto import front


def test_the_front():
    prices = [1, 2, 2, 3, 4, 1]
    values = [5, 6, 7, 7, 9, 5]
    # 6 costs as much as 7; the second 7 costs more than the first; the two that are alike both stay
    assert front(prices, values) == [True, False, True, False, True, True]
    assert front([], []) == []
