import itertools
import math
from dataclasses import replace

import pytest
import torch
from tiny_arms import arm
from tiny_lm import HYBRIDS, SMALL, random_model

from lib import run as running
from lib import training
from lib.adaptation.methods import METHODS
from lib.packing import Row
from lib.run import Budget, Diverged, learning_rate, order
from lib.training import Checkpoint, train

ARM = arm("lora")
BUDGET = Budget(steps=6, rows=3)
ROWS = [Row([n % 5 + 1, 9, 7], [n + 20, n + 21, 2][: 2 + n % 2]) for n in range(8)]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    torch.set_num_threads(1)


class Killed(Exception):
    pass


def run(folder, arm=ARM, budget=BUDGET, initial_seed=0, identity="this run", kill_after=None, base=None):
    """Final weights and what was measured; with kill_after, the run dies after so many steps."""
    method = METHODS[arm.method]
    model = method.attach(base or random_model("llama"), arm, initial_seed, None)
    reported = []

    def report(steps, note):
        reported.append(steps)
        if sum(reported) == kill_after:
            raise Killed

    checkpoint = Checkpoint(folder / "checkpoint.pt", identity, 2)
    chain = method.chain(model, arm, initial_seed)
    result = train(model, ROWS, arm, budget, 0, checkpoint, report, chain=chain)
    assert sum(reported) == budget.steps
    return {name: weight.detach().clone() for name, weight in method.state(model).items()}, result, reported


def assert_same_run(one, other):
    for name, weight in one[0].items():
        assert torch.equal(weight, other[0][name]), name
    for mine, theirs in zip(one[1].steps, other[1].steps, strict=True):
        assert {**mine, "seconds": 0} == {**theirs, "seconds": 0}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return run(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize(("kill_after", "resumed_at"), [(1, 0), (3, 2), (5, 4)])
def test_a_killed_run_ends_with_the_same_bits(tmp_path, whole, kill_after, resumed_at):
    with pytest.raises(Killed):
        run(tmp_path, kill_after=kill_after)
    resumed = run(tmp_path)
    assert resumed[2] == ([resumed_at] if resumed_at else []) + [1] * (BUDGET.steps - resumed_at)
    assert_same_run(resumed, whole)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


@pytest.mark.parametrize("method", [name for name in METHODS if name != "lora"])
def test_every_method_is_killed_and_ends_with_the_same_bits(tmp_path, method):
    whole = run(tmp_path / "whole", arm=arm(method))
    with pytest.raises(Killed):
        run(tmp_path / "killed", arm=arm(method), kill_after=5)  # a chain is in its second link
    resumed = run(tmp_path / "killed", arm=arm(method))
    assert resumed[2][0] == 4
    assert_same_run(resumed, whole)
    assert whole[1].steps[-1]["loss"] != whole[1].steps[0]["loss"]


def test_a_model_with_dropout_is_killed_and_ends_with_the_same_bits(tmp_path):
    def noisy():
        return random_model("gpt2", **SMALL, resid_pdrop=0.1, embd_pdrop=0.1, attn_pdrop=0.1).train()

    whole = run(tmp_path / "whole", base=noisy())
    with pytest.raises(Killed):
        run(tmp_path / "killed", base=noisy(), kill_after=3)
    resumed = run(tmp_path / "killed", base=noisy())
    assert resumed[2][0] == 2
    assert_same_run(resumed, whole)


def test_a_checkpoint_of_another_run_is_ignored(tmp_path, whole):
    with pytest.raises(Killed):
        run(tmp_path, arm=replace(ARM, learning_rate=0.5), identity="another run", kill_after=5)
    again = run(tmp_path)
    assert again[2] == [1] * BUDGET.steps
    assert_same_run(again, whole)


def test_a_finished_run_leaves_no_checkpoint_after_removal(tmp_path):
    checkpoint = Checkpoint(tmp_path / "new" / "checkpoint.pt", "a", 1)
    assert checkpoint.restore() is None
    checkpoint.save(weights={"w": torch.ones(1)})
    assert checkpoint.restore()["weights"]["w"].item() == 1
    checkpoint.remove()
    checkpoint.remove()
    assert checkpoint.restore() is None


def test_a_checkpoint_of_a_gpu_is_read_without_one(tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", "a", 1)
    with monkeypatch.context() as on_a_gpu:
        on_a_gpu.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
        checkpoint.save(weights={"w": torch.ones(1)})
    assert checkpoint.restore()["weights"]["w"].device.type == "cpu"


def test_two_processes_save_beside_each_other_and_leave_nothing(tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", "a", 1)

    def killed(*paths):
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(training.os, "replace", killed)
        for process in (1, 2):
            dying.setattr(training.os, "getpid", lambda process=process: process)
            with pytest.raises(Killed):
                checkpoint.save(weights={})
    assert len(list(tmp_path.iterdir())) == 2
    checkpoint.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("learning_rate", [1e18, 1e30])
def test_a_loss_that_is_no_number_ends_the_run_at_its_step(tmp_path, learning_rate):
    broken = replace(ARM, learning_rate=learning_rate, warmup=0)
    message = r"lora\.arms\.lora: at step \d+ .*; lower lora\.arms\.lora\.learning_rate"
    with pytest.raises(Diverged, match=message) as diverged:
        run(tmp_path, arm=broken)
    done = diverged.value.steps
    assert f"at step {len(done) + 1} " in str(diverged.value)
    assert all(math.isfinite(step["loss"]) for step in done)


def test_a_gradient_that_is_no_number_ends_the_run_before_weights_are_spoilt(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda weights, clip: torch.tensor(math.inf))
    with pytest.raises(Diverged, match=r"at step 1 the loss is .* and the norm of its gradient inf"):
        run(tmp_path)


def first_loss(model):
    """Mean loss over the targets of the first step, row by row and token by token."""
    losses, n = 0.0, 0
    for row in (ROWS[index] for index in next(order(ROWS, 0, BUDGET))):
        logits = model(torch.tensor([[*row.prompt, *row.target]])).logits[0].log_softmax(-1)
        losses -= sum(logits[len(row.prompt) - 1 + at, token].item() for at, token in enumerate(row.target))
        n += len(row.target)
    return losses / n


@pytest.mark.parametrize("kind", HYBRIDS)
def test_rows_stand_alone_in_models_whose_layers_know_no_mask(tmp_path, kind):
    def hybrid():
        return random_model(kind, **SMALL, **HYBRIDS[kind])

    losses = [row["loss"] for row in run(tmp_path, budget=Budget(24, 3), base=hybrid())[1].steps]
    assert losses[0] == pytest.approx(first_loss(hybrid()), rel=1e-5)
    assert losses[-1] < 0.8 * losses[0]


def test_steps_are_recorded(whole):
    steps = whole[1].steps
    assert [row["step"] for row in steps] == [1, 2, 3, 4, 5, 6]
    assert [row["learning_rate"] for row in steps] == [learning_rate(ARM, BUDGET, n) for n in range(6)]
    for row, chosen in zip(steps, order(ROWS, 0, BUDGET), strict=True):
        assert row["target_tokens"] == sum(len(ROWS[n].target) for n in chosen)
        assert row["tokens"] == row["target_tokens"] + 3 * len(chosen)
    # B starts at zero, so that the first loss is that of the base model.
    assert steps[0]["loss"] == pytest.approx(first_loss(random_model("llama")), rel=1e-5)


def test_costs_are_those_of_the_trained_weights(whole):
    weights, result, _ = whole
    n = sum(weight.numel() for weight in weights.values())
    assert result.gradient_bytes == 4 * n
    assert result.optimizer_bytes == 8 * n + 4 * len(weights)  # two moments, and a step count each
    assert result.seconds == pytest.approx(sum(row["seconds"] for row in result.steps))


def test_training_learns(tmp_path):
    losses = [row["loss"] for row in run(tmp_path, budget=Budget(30, 8))[1].steps]
    assert losses[-1] < 0.3 * losses[0]


def test_parts_of_a_step_do_not_matter(tmp_path, monkeypatch, whole):
    monkeypatch.setattr(training, "CHUNK_TOKENS", 6)
    weights, result, _ = run(tmp_path)
    for mine, theirs in zip(result.steps, whole[1].steps, strict=True):
        assert mine["loss"] == pytest.approx(theirs["loss"], rel=1e-4)
        assert mine["gradient_norm"] == pytest.approx(theirs["gradient_norm"], rel=1e-3)
    for name, weight in weights.items():
        assert torch.allclose(weight, whole[0][name], atol=1e-3)


def test_gradients_are_clipped(tmp_path):
    # Far below Adam's epsilon a gradient moves nothing; its norm is recorded as it was.
    free, tight = (run(tmp_path, arm=replace(ARM, clip=clip), budget=Budget(1, 3)) for clip in (1, 1e-13))
    assert tight[1].steps[0]["gradient_norm"] == free[1].steps[0]["gradient_norm"] > 1e-3
    moved = [max(w.abs().max() for name, w in one[0].items() if "lora_B" in name) for one in (free, tight)]
    assert moved[0] > 1e-3 > 1e-6 > moved[1]


def test_weights_move_at_the_rate_of_the_step(tmp_path, monkeypatch):
    # Adam's first step moves a weight by the rate itself, whatever the gradient; later rates are 0 here.
    monkeypatch.setattr(running, "learning_rate", lambda arm, budget, step: 0.0 if step else 1e-3)
    weights = run(tmp_path, arm=replace(ARM, weight_decay=0.0), budget=Budget(3, 8))[0]
    moved = torch.cat([weight.flatten() for name, weight in weights.items() if "lora_B" in name]).abs()
    assert moved.max().item() == pytest.approx(1e-3, rel=1e-3)
    assert moved.median().item() == pytest.approx(1e-3, rel=1e-2)


def test_the_order_is_shuffled_passes_of_the_seed():
    budget = Budget(steps=9, rows=4)
    steps = list(order(ROWS[:6], 0, budget))
    assert [len(step) for step in steps] == [4] * 9
    flat = [index for step in steps for index in step]
    passes = [flat[start : start + 6] for start in range(0, 36, 6)]
    assert all(sorted(one) == list(range(6)) for one in passes)
    assert len({tuple(one) for one in passes}) > 1
    torch.rand(3)
    assert list(order(ROWS[:6], 0, budget)) == steps != list(order(ROWS[:6], 1, budget))
    assert list(order(ROWS[:6], 0, Budget(3, 4))) == steps[:3]
    (several,) = order(ROWS[:2], 0, Budget(1, 5))  # fewer items than rows: several passes in a step
    assert sorted(several[:2]) == sorted(several[2:4]) == [0, 1] and len(several) == 5


def test_steps_of_bytes_end_with_the_row_that_completes_them():
    rows = [row._replace(bytes=size) for row, size in zip(ROWS, [5, 1, 7, 2, 3, 1, 6, 4], strict=True)]
    steps = list(order(rows, 0, Budget(steps=8, bytes=10)))
    flat = [index for step in steps for index in step]
    stream = [index for step in order(rows, 0, Budget(steps=len(flat), rows=1)) for index in step]
    assert flat == stream  # the same passes as in steps of rows
    ends = list(itertools.accumulate(sum(rows[index].bytes for index in step) for step in steps))
    for number, (step, end) in enumerate(zip(steps, ends, strict=True), start=1):
        assert 10 * number <= end < 10 * number + rows[step[-1]].bytes


def test_steps_of_target_tokens_are_equal_for_rows_of_any_length():
    short, long = ([row._replace(target=[7] * size) for row in ROWS] for size in (2, 5))
    budget = Budget(steps=6, rows=3, target_tokens=10)
    assert [len(step) for step in order(short, 0, budget)] == [5] * 6
    assert [len(step) for step in order(long, 0, budget)] == [2] * 6


def test_the_order_does_not_come_from_the_initialisation(tmp_path, whole):
    other = run(tmp_path, initial_seed=1)
    assert [row["tokens"] for row in other[1].steps] == [row["tokens"] for row in whole[1].steps]
    assert [row["loss"] for row in other[1].steps] != [row["loss"] for row in whole[1].steps]
    assert other[1].steps[0]["loss"] == pytest.approx(whole[1].steps[0]["loss"], rel=1e-5)


def test_schedule_by_hand():
    rates = [learning_rate(replace(ARM, learning_rate=1.0, warmup=2), Budget(6, 1), n) for n in range(6)]
    half = math.sqrt(0.5)
    assert rates == pytest.approx([0.5, 1.0, 1.0, (1 + half) / 2, 0.5, (1 - half) / 2])
    long = replace(ARM, learning_rate=1.0, warmup=10)
    assert [learning_rate(long, Budget(2, 1), n) for n in range(2)] == [0.5, 1.0]
    none = replace(ARM, learning_rate=1.0, warmup=0)
    assert [learning_rate(none, Budget(2, 1), n) for n in range(2)] == [1.0, pytest.approx(0.5)]


def test_a_chain_warms_up_again_in_each_link():
    chain = arm("rac", learning_rate=1.0, warmup=2, links=2)
    rates = [learning_rate(chain, Budget(6, 1), n) for n in range(6)]
    half = math.sqrt(0.5)
    assert rates == pytest.approx([0.5, 1.0, 1.0, (1 + half) / 2 / 2, 0.5, (1 - half) / 2])
    short = [learning_rate(replace(chain, warmup=9), Budget(5, 1), n) for n in range(5)]
    assert short == pytest.approx([1 / 3, 2 / 3, 1.0, 1 / 3, 2 / 3 / 2])


@pytest.mark.parametrize("method", METHODS)
def test_methods_learn(tmp_path, method):
    steep = arm(method, learning_rate=0.1 if method in ("ia3", "vera") else 1e-2)
    losses = [row["loss"] for row in run(tmp_path, arm=steep, budget=Budget(12, 8))[1].steps]
    assert losses[-1] < 0.8 * losses[0]
