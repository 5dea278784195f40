from lib.costs import flops_per_token, training_bytes


def test_operations_of_full_training_and_of_an_adapter():
    assert flops_per_token(frozen=0, trained=10) == 60  # 6 N
    assert flops_per_token(frozen=100, trained=10) == 460  # 4 N + 6 n


def test_memory_of_an_adapter_on_bfloat16():
    assert training_bytes(frozen=100, trained=10, item_bytes=2) == {
        "weights": 240,
        "gradients": 40,
        "optimizer": 80,
    }
