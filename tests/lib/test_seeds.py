import hashlib

from lib.seeds import derive, share


def test_a_derived_seed_is_31_bits_of_the_hash():
    first = bytes.fromhex(hashlib.sha256(b"7/order/0").hexdigest()[:8])
    assert derive(7, "order", 0) == int.from_bytes(first, "big") // 2


def test_seeds_and_purposes_have_their_own_streams():
    found = [
        derive(seed, purpose, turn)
        for seed in range(20)
        for purpose in ("order", "initialisation")
        for turn in range(20)
    ]
    assert len(set(found)) == len(found)
    assert all(0 <= seed < 2**31 for seed in found)


def test_shares_are_uniform_and_depend_on_the_text_and_the_purpose():
    found = [share(str(number), "split") for number in range(2000)]
    assert all(0 <= value < 1 for value in found)
    for tenth in range(10):
        assert 140 < sum(tenth <= 10 * value < tenth + 1 for value in found) < 260
    assert share("1", "split") == found[1] != share("1", "style")
