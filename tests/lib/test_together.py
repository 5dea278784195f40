import pytest
import torch
from tiny_arms import arm
from tiny_lm import random_model

from lib.adaptation.fused import fused
from lib.adaptation.methods import METHODS
from lib.models.side_by_side import share_sequences
from lib.packing import CHUNK_TOKENS, Row
from lib.run import Budget, Run
from lib.training import Checkpoint, backward, base, digest, gain, train, train_together

LORA = METHODS["lora"]
ROWS = [Row([5, n % 5 + 1, 9, 7], [n + 20, n + 21, 2][: 2 + n % 2]) for n in range(8)]
BUDGET = Budget(steps=6, rows=3)
# They differ in all that may differ: rank, scale, rate, clipping, targets, seed.
ARMS = {
    "one": (arm("lora", rank=2, learning_rate=1e-2), 0),
    "two": (arm("rslora", rank=3, learning_rate=5e-3, clip=0.01), 0),
    "three": (arm("lora", rank=2, targets="attention", warmup=0), 1),
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    torch.set_num_threads(1)


def no_report(*_):
    pass


def together(names=ARMS):
    """A network with several adapters, and a run of each."""
    arms, seeds = zip(*(ARMS[name] for name in names), strict=True)
    network = LORA.attach_together(random_model("llama"), arms, seeds, list(names))
    return network, [
        Run(one, ROWS, BUDGET, seed, weights_of(network, name), name)
        for name, one, seed in zip(names, arms, seeds, strict=True)
    ]


def weights_of(network, adapter):
    return {name: weight for name, weight in network.named_parameters() if f".{adapter}." in name}


def alone(name):
    """The same training with the model to itself."""
    one, seed = ARMS[name]
    network = LORA.attach(random_model("llama"), one, seed, None)
    weights = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
    return network, Run(one, ROWS, BUDGET, seed, weights)


def first_step(network, runs):
    """Losses and gradients of the first step."""
    causal = base(network)
    with fused(causal) as spans:
        size = share_sequences(causal, CHUNK_TOKENS)
        losses = backward(causal, size, spans, runs, [run.begin() for run in runs])
    return losses, [[weight.grad for weight in run.weights.values()] for run in runs]


def disturbed(network, runs):
    """Weights away from their start, where one factor is zero: each adapter's the same wherever it is."""
    for run in runs:
        generator = torch.Generator().manual_seed(7)
        for weight in run.weights.values():
            weight.data += 0.1 * torch.randn(weight.shape, generator=generator)
    return network, runs


def test_losses_and_gradients_of_the_first_step_are_those_of_each_alone():
    losses, gradients = first_step(*disturbed(*together()))
    assert len({*losses}) == 3
    for name, loss, found in zip(ARMS, losses, gradients, strict=True):
        network, run = alone(name)
        (expected,), (theirs,) = first_step(*disturbed(network, [run]))
        assert loss == pytest.approx(expected, rel=1e-6)
        assert len(found) == len(theirs) > 0
        for one, other in zip(found, theirs, strict=True):
            assert (one - other).abs().max() <= 1e-6 * max(1, other.abs().max())


def test_fresh_adapters_are_drawn_as_each_alone():
    network, _ = together()
    for name in ARMS:
        lonely, _ = alone(name)
        drawn, expected = LORA.state(network, name), LORA.state(lonely)
        assert digest(list(drawn.values())) == digest(list(expected.values()))


def test_they_train_as_each_alone(tmp_path):
    network, runs = together()
    train_together(network, runs, Checkpoint(tmp_path / "together.pt", "a", 100), no_report)
    for name, run in zip(ARMS, runs, strict=True):
        (one, seed), (lonely, _) = ARMS[name], alone(name)
        theirs = train(lonely, ROWS, one, BUDGET, seed, Checkpoint(tmp_path / "one.pt", "a", 100), no_report)
        same = ["step", "tokens", "target_tokens", "learning_rate"]
        for mine, other in zip(run.steps, theirs.steps, strict=True):
            assert [mine[key] for key in same] == [other[key] for key in same]
            assert mine["loss"] == pytest.approx(other["loss"], rel=1e-4)
            assert mine["gradient_norm"] == pytest.approx(other["gradient_norm"], rel=1e-3)
        found, expected = LORA.state(network, name), LORA.state(lonely)
        assert found.keys() == expected.keys()
        for key, weight in found.items():
            assert torch.allclose(weight, expected[key], atol=1e-3)


def test_memory_of_several_is_the_model_and_that_of_each_alone(tmp_path):
    def tensors(network):
        return sum(weight.numel() * weight.element_size() for weight in network.state_dict().values())

    network, runs = together()
    train_together(network, runs, Checkpoint(tmp_path / "together.pt", "a", 100), no_report)
    own = 0
    for run, name in zip(runs, ARMS, strict=True):
        lonely, one = alone(name)
        train_together(lonely, [one], Checkpoint(tmp_path / "one.pt", "a", 100), no_report)
        assert run.gradient_bytes == one.gradient_bytes == sum(w.grad.nbytes for w in run.weights.values())
        assert run.optimizer_bytes == one.optimizer_bytes > 2 * one.gradient_bytes
        own += tensors(lonely) - tensors(random_model("llama"))
    assert tensors(network) == tensors(random_model("llama")) + own


@pytest.mark.parametrize("kill_after", [1, 3, 5])
def test_a_group_that_was_killed_ends_with_the_same_bits(tmp_path, kill_after):
    class Killed(Exception):
        pass

    def trained(folder, kill_after=None):
        network, runs = together()
        done = []

        def report(steps, note):
            done.append(steps)
            if sum(done) == kill_after:
                raise Killed

        train_together(network, runs, Checkpoint(folder / "together.pt", "a", 2), report)
        return [LORA.state(network, name) for name in ARMS], [run.steps for run in runs]

    whole = trained(tmp_path / "whole")
    with pytest.raises(Killed):
        trained(tmp_path / "killed", kill_after)
    resumed = trained(tmp_path / "killed")
    for one, other in zip(whole[0], resumed[0], strict=True):
        assert all(torch.equal(weight, other[name]) for name, weight in one.items())
    for one, other in zip(whole[1], resumed[1], strict=True):
        assert [{**row, "seconds": 0} for row in one] == [{**row, "seconds": 0} for row in other]


def test_one_that_diverges_ends_alone(tmp_path, monkeypatch):
    monkeypatch.setitem(ARMS, "two", (arm("lora", rank=2, learning_rate=1e30, warmup=0), 0))
    network, runs = together()
    train_together(network, runs, Checkpoint(tmp_path / "together.pt", "a", 2), no_report)
    assert [len(run.steps) for run in runs] == [6, len(runs[1].steps), 6]
    assert runs[1].failed and 0 < len(runs[1].steps) < 6
    assert not runs[0].failed and runs[0].steps[-1]["loss"] < runs[0].steps[0]["loss"]
    # A group that is resumed knows who has ended.
    again, later = together()
    train_together(again, later, Checkpoint(tmp_path / "together.pt", "a", 2), no_report)
    assert str(later[1].failed) == str(runs[1].failed)


def test_the_gain_is_that_of_the_shortest_times(monkeypatch):
    seconds = iter([0, 9, 9, 14, 20, 24, 30, 32])  # alone 9, then 4; together 5, then 2

    def clock():
        return next(seconds)

    network, runs = together()
    before = digest([weight for run in runs for weight in run.weights.values()])
    monkeypatch.setattr("lib.training.time.perf_counter", clock)
    assert gain(network, runs) == 4 / 2
    assert digest([weight for run in runs for weight in run.weights.values()]) == before
    assert all(weight.grad is None for run in runs for weight in run.weights.values())


def test_an_adapter_of_several_is_saved_as_if_it_were_alone(tmp_path):
    network, _ = together()
    lonely, _ = alone("two")
    LORA.save(network, tmp_path / "together", "two")
    LORA.save(lonely, tmp_path / "alone")
    for folder in ("together", "alone"):
        assert {"adapter_config.json", "adapter_model.safetensors"} <= {
            path.name for path in (tmp_path / folder).iterdir() if path.is_file()
        }
    one, other = (
        (tmp_path / folder / "adapter_model.safetensors").read_bytes() for folder in ("together", "alone")
    )
    assert one == other
