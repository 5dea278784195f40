"""The DAG: what reruns when something changes, and what a killed run leaves behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from equal import differences
from tree import ROOT, TARGET, command, copy_tree, planned, snakemake

from lib.contracts.lora import ARMS, COSTS
from lib.contracts.scores import ROUNDS, SCORES, SUMMARY

REPORT = {"paper_report": 1, "all": 1}
# The stages, each up to its tables.
TABLES = ["tokenizers", "models", "pretraining", "adapters", "expressivity", "interference"]
TABLES += ["scores", "rounds", "reach"]
# What follows from other scores of adapters.
SCORED = (
    {"evaluation_compare": 5, "evaluation_scores": 1, "evaluation_summary": 1, "evaluation_comparisons": 1}
    | {f"paper_plot_{name}": 1 for name in ("accuracy_by_rank", "arm_comparisons", "accuracy_by_memory")}
    | {f"paper_plot_{name}": 1 for name in ("forgetting", "decoding")}
    | {f"paper_tabulate_{name}": 1 for name in ("scores", "summary", "arm_comparisons")}
    | {"paper_numbers": 1, **REPORT}
)

# What follows from other scores of rounds.
LOOPED = {f"selfimprove_{name}": 1 for name in ("tabulate", "rounds", "compare", "comparisons")} | {
    f"paper_{name}": 1
    for name in ("plot_rounds", "plot_behaviour", "tabulate_rounds", "tabulate_loop_comparisons")
}


@pytest.fixture
def tree(finished: Path, tmp_path: Path) -> Path:
    """A finished run that the test may change."""
    return Path(shutil.copytree(finished, tmp_path / "tree", symlinks=True))


def edit(tree: Path, script: str) -> None:
    """Change a file of the code, without changing what it does."""
    with open(tree / "workflow" / "scripts" / script, "a", encoding="utf-8") as file:
        file.write("\n# edited\n")


def test_finished_run_has_nothing_to_do(finished: Path) -> None:
    assert planned(finished) == {}


def test_touching_code_reruns_nothing(tree: Path) -> None:
    for path in (tree / "workflow" / "scripts").rglob("*.py"):
        path.touch()
    assert planned(tree) == {}


@pytest.mark.parametrize(
    ("script", "jobs"),
    [
        ("lib/progress.py", {}),
        ("paper_plot_zipf.py", {"paper_plot_zipf": 1, **REPORT}),
        ("lora_tabulate.py", {"lora_arms": 1, "all": 1}),
        (
            "pretraining_tabulate.py",
            {"pretraining_tabulate": 1, "paper_numbers": 1, **REPORT}
            | {f"paper_plot_{name}": 1 for name in ("retok", "scratch", "plasticity", "code_share")},
        ),
        (
            "lib/interference.py",
            {f"interference_{name}": 1 for name in ("compare", "step", "cosines", "transfer")}
            | {f"paper_plot_{name}": 1 for name in ("interference", "transfer")}
            | REPORT,
        ),
        (
            "lib/tokenizer/zipf.py",
            {"tokenizer_measure": 27, "tokenizer_metrics": 1, "tokenizer_zipf": 1, "paper_numbers": 1}
            | {"tokenizer_lorenz": 1, "tokenizer_compare": 1}
            | {f"paper_plot_{name}": 1 for name in ("fertility", "headline", "fairness", "zipf", "scratch")}
            | {f"paper_plot_{name}": 1 for name in ("lorenz", "universality")}
            | {f"paper_tabulate_{name}": 1 for name in ("tokens_per_word", "premium", "comparisons")}
            | REPORT,
        ),
        (
            "lib/tokenizer/vocabulary.py",
            {"tokenizer_inspect": 9}
            | {f"paper_plot_{name}": 1 for name in ("vocabulary", "probes", "morphs")}
            | {f"tokenizer_{name}": 1 for name in ("vocabulary", "probes", "morphs")}
            | REPORT,
        ),
        (
            "lib/decoding/scoring.py",
            {"evaluation_score": 15, "selfimprove_score": 2, **SCORED, **LOOPED},
        ),
        (
            "lora_probe.py",
            {"lora_probe": 2, "lora_memory": 1, "paper_numbers": 1}
            | {f"paper_plot_{name}": 1 for name in ("memory_by_rank", "accuracy_by_memory", "throughput")}
            | REPORT,
        ),
        (
            # No task, adapter or prediction; but a loop trains on the chains that its answers select.
            "lib/decoding/verifiers.py",
            {"evaluation_search": 1, "evaluation_answer": 16, "evaluation_score": 15}
            | {f"selfimprove_{name}": 2 for name in ("answer", "select", "train", "test", "test_answer")}
            | {"selfimprove_decode": 1, "selfimprove_score": 2, "selfimprove_held_out": 2}
            | {"selfimprove_gate": 1, **SCORED, **LOOPED},
        ),
        (
            # Another way of choosing reruns no model.
            "evaluation_choose.py",
            {"evaluation_choose": 2, "evaluation_score": 2, **SCORED, "evaluation_compare": 1},
        ),
        ("evaluation_harness_score.py", {"evaluation_harness_score": 1, "all": 1}),
        (
            "evaluation_forgetting.py",
            {"evaluation_forgetting": 1, "paper_plot_forgetting": 1, **REPORT},
        ),
    ],
)
def test_an_edit_reruns_what_uses_it(tree: Path, script: str, jobs: dict[str, int]) -> None:
    edit(tree, script)
    assert planned(tree) == jobs


@pytest.mark.parametrize("table", ["answers", "scores"])
def test_a_column_of_what_is_reported_reruns_no_evaluated_model(tree: Path, table: str) -> None:
    edit(tree, f"lib/contracts/{table}.py")
    jobs = planned(tree)
    assert jobs["evaluation_score"] == 15
    models = {f"evaluation_{name}" for name in ("predict", "weigh", "harness", "held_out")}
    assert not jobs.keys() & {"task_build", "lora_train", *models}
    assert table == "answers" or "selfimprove_train" not in jobs


def test_another_rank_runs_its_own_jobs_and_what_reads_them(tree: Path) -> None:
    grid = "{models: [tiny], tasks: [arithmetic], arms: [lora-r1, lora-r4, lora-r8], seeds: [0]}"
    (tree / "config" / "more.yaml").write_text(
        (tree / "config" / "test.yaml")
        .read_text()
        .replace("ranks: [1, 4]", "ranks: [1, 4, 8]")
        .replace("  tuning:", f"    - {grid}\n  tuning:")
    )
    assert planned(tree, "all", "--configfile", "config/more.yaml") == (
        {"lora_train": 1, "evaluation_predict": 1, "evaluation_answer": 1, "evaluation_score": 1}
        | {"lora_arms": 1, "lora_costs": 1, "paper_plot_loss": 1, "paper_tabulate_costs": 1}
        | {**SCORED, "evaluation_compare": 1}
    )


@pytest.mark.parametrize("rates", ["learning_rates: [0.001, 0.01]", "by_method: {rslora: [0.001, 0.01]}"])
def test_other_learning_rates_tune_anew_and_train_what_is_tuned(tree: Path, rates: str) -> None:
    jobs = planned(tree, *TARGET, "--config", f"lora={{tuning: {{{rates}}}}}")
    assert (jobs["lora_tune"], jobs["lora_tuning"], jobs["lora_train"]) == (1, 1, 1)
    assert jobs["evaluation_predict"] == 1 and jobs["paper_plot_learning_rate"] == 1


def test_rounds_in_steps_of_tokens_train_anew(tree: Path) -> None:
    loops = "selfimprove={loops: {confidence: {training: {target_tokens: 40}}}}"
    jobs = planned(tree, *TARGET, "--config", loops)
    assert jobs["selfimprove_train"] == 2 and not jobs.keys() & {"lora_train", "evaluation_predict"}


def test_packing_trains_nothing_again_and_leaves_a_plan(tree: Path) -> None:
    pack = ["--config", "lora={pack: 3}"]
    assert planned(tree, *TARGET, *pack) == REPORT  # which states the settings
    plan = tree / ".snakemake" / "tok2cot.plan.json"
    assert not plan.exists()
    snakemake(tree, "--cores", "1", "results/lora/arms.parquet", *TARGET[1:], *pack)
    written = json.loads(plan.read_text())
    assert written["pack"] == 3 and len(written["cells"]) == len(
        COSTS.read(tree / "results/lora/costs.parquet")
    )
    (tuned,) = [cell for cell in written["cells"] if cell["tuning"]]
    assert tuned["cell"] == {"model": "tiny", "task": "translate-fra", "arm": "rslora-r2", "seed": 0}
    snakemake(tree, "--cores", "1", "results/lora/arms.parquet", *TARGET[1:])
    assert not plan.exists()


BROKEN = """
expressivity:
  grid: []
lora:
  arms:
    broken:
      method: lora
      ranks: [2]
      alpha: 8
      targets: all-linear
      learning_rate: 1.0e+30
      warmup: 0
      weight_decay: 0.0
      clip: 1.0
  grid:
    - {models: [tiny], tasks: [arithmetic], arms: [lora-r1, lora-r4, broken-r2], seeds: [0]}
    - {models: [tiny], tasks: [translate-fra], arms: [lora-r1, lora-r4], seeds: [0]}
selfimprove:
  loops:
    broken: {start: broken-r2, decoding: cot, filter: confidence, keep: 0.5, from: previous, accumulate: true,
      rounds: 1, pools: 1, training: {steps: 2, rows: 8}}
  grid:
    - {models: [tiny], tasks: [arithmetic], loops: [confidence, broken], seeds: [0]}
"""


def test_a_training_that_diverges_does_not_stop_the_grid(tree: Path) -> None:
    (tree / "broken.yaml").write_text(BROKEN)
    results = ["lora/costs", "evaluation/scores", "evaluation/summary", "selfimprove/rounds"]
    costs, scores, summary, rounds = (tree / "results" / f"{name}.parquet" for name in results)
    figure, table = (tree / "results" / "paper" / name for name in ("figures/loss.svg", "tables/scores.tex"))
    wanted = [str(path.relative_to(tree)) for path in (costs, scores, summary, rounds, figure, table)]
    snakemake(tree, "--cores", "2", *wanted, "--configfile", "config/test.yaml", "broken.yaml")

    found = COSTS.read(costs).set_index(["task", "arm"])
    assert found["status"].value_counts().to_dict() == {"finished": 4, "diverged": 1}
    assert found.loc[("arithmetic", "broken-r2"), "reason"].endswith("lower lora.arms.broken.learning_rate")
    assert found[found["status"] == "finished"]["peak_bytes_train"].notna().all()
    for scored in (SCORES.read(scores), SUMMARY.read(summary)):
        assert set(scored["arm"]) == {"base", "lora-r1", "lora-r4"}
    assert set(ROUNDS.read(rounds)["loop"]) == {"confidence"}
    assert "tiny on arithmetic, broken-r2 (diverged), seed 0" in figure.read_text(encoding="utf-8")
    assert "broken-r2 (diverged) & 0 & --" in table.read_text(encoding="utf-8")


def test_a_larger_vocabulary_leaves_the_smaller_ones_and_their_models_alone(tree: Path) -> None:
    block = "    - {families: [wordpiece]"
    (tree / "config" / "more.yaml").write_text(
        (tree / "config" / "test.yaml")
        .read_text()
        .replace(block, "    - {families: [bytebpe], sizes: [2500], mixes: [universal]}\n" + block)
    )
    jobs = planned(tree, "all", "--configfile", "config/more.yaml")
    assert jobs["tokenizer_train"] == 1 and jobs["tokenizer_measure"] == 3
    assert not jobs.keys() & {"tokenizer_merges", "model_graft", "lora_train", "evaluation_predict"}


def test_only_a_graft_with_focus_reads_documents(tree: Path) -> None:
    grafts = [f"results/model/tiny+bytebpe-2k-universal{init}/files.parquet" for init in ("", "+focus")]
    for path in (*grafts, "results/corpus/catalogs/train/fra_Latn.parquet"):
        (tree / path).unlink()
    assert planned(tree, grafts[0], "--configfile", "config/test.yaml") == {"model_graft": 1}
    assert planned(tree, grafts[1], "--configfile", "config/test.yaml")["corpus_build"] == 1


def test_another_sample_of_the_mix_trains_every_tokenizer_anew(tree: Path) -> None:
    jobs = planned(tree, "tokenizers", *TARGET[1:], "--config", "tokenizer={max_bytes: 100000}")
    assert jobs["tokenizer_merges"] == 1 and jobs["tokenizer_train"] == 7


RECORDS = """
tasks:
  mine:
    kind: records
    path: problems.jsonl
    prompt: "Q: {q}"
    target: " {a}"
    answer: "{a}"
    verifier: number
    items: {train: 4, dev: 1, test: 1}
    max_new_tokens: 8
    stop: []
    training: {steps: 1, rows: 1}
"""


def test_an_edit_of_the_users_records_builds_their_task_anew(tree: Path) -> None:
    problems = tree / "problems.jsonl"
    problems.write_text("".join(f'{{"q": "{n} + 1", "a": "{n + 1}"}}\n' for n in range(40)))
    (tree / "mine.yaml").write_text(RECORDS)
    wanted = ["results/task/mine/train.parquet", "--configfile", "mine.yaml"]
    snakemake(tree, "--cores", "1", *wanted)
    assert planned(tree, *wanted) == {}
    with problems.open("a") as file:
        file.write('{"q": "50 + 1", "a": "51"}\n')
    assert planned(tree, *wanted) == {"task_build": 1}


def test_example_of_the_readme_is_planned(tree: Path) -> None:
    (block,) = re.findall(r"`my.yaml`:\n\n```yaml\n(.*?)```", (tree / "README.md").read_text(), re.DOTALL)
    (tree / "my.yaml").write_text(block)
    for name in ("data/ja/news.jsonl.gz", "own/tokenizer.json"):
        (tree / name).parent.mkdir(parents=True)
        (tree / name).touch()
    jobs = planned(tree, "all", "--configfile", "my.yaml")
    assert jobs["lora_train"] == 2 and jobs["paper_report"] == 1


def test_results_may_go_to_another_folder(tree: Path) -> None:
    wanted = ["results/lora/arms.parquet", "--configfile", "config/test.yaml", "--directory", "runs/mine"]
    snakemake(tree, "--cores", "1", *wanted)
    assert "lora-r4" in set(ARMS.read(tree / "runs" / "mine" / "results" / "lora" / "arms.parquet")["arm"])


def test_an_edit_of_the_config_does_not_reach_the_jobs_of_a_run(tree: Path) -> None:
    """A job on a cluster parses the workflow again, maybe hours after the run began."""
    config = tree / "config" / "test.yaml"
    config.write_text(config.read_text().replace("ranks: [1, 4]", "ranks: [1, 4, 8]"))
    job = ["--mode", "remote", "--nolock", "--force", "--cores", "1", "--target-jobs", "lora_arms:"]
    snakemake(tree, *job, "--configfile", "config/test.yaml")
    assert "lora-r8" not in set(ARMS.read(tree / "results" / "lora" / "arms.parquet")["arm"])


def test_empty_grids_leave_empty_tables(tree: Path) -> None:
    """And figures, which have tests with tables of nothing. Jobs are chosen once for each that ends."""
    sections = {"evaluation": "branching", "selfimprove": "grid", "attention": "grid", "lora": "grid"}
    sections |= {"pretraining": "grid", "expressivity": "grid", "interference": "grid"}
    grids = [f"{section}={{{grid}: []}}" for section, grid in sections.items()]
    grids += ["evaluation={harness: {grid: []}}"]
    empty = [*TABLES, *TARGET[1:], "--config", *grids]
    said = snakemake(tree, "--cores", "2", "--verbose", *empty).stdout
    ended = said.count("Finished jobid: ")
    assert ended > 10 and said.count("Ready jobs: ") <= ended + 1
    assert planned(tree, *empty) == {}
    assert planned(tree, *TARGET, "--config", *grids)["paper_report"] == 1


def test_more_scored_documents_train_no_model(tree: Path) -> None:
    scored = "pretraining={scored: {documents_per_language: 30}}"
    assert planned(tree, "pretraining", *TARGET[1:], "--config", scored) == {
        "pretraining_score": 16,
        "pretraining_tabulate": 1,
        "pretraining": 1,
    }


def test_another_number_of_resamples_reruns_no_model(tree: Path) -> None:
    jobs = planned(tree, *TARGET, "--config", "evaluation={resamples: 200}")
    assert jobs["evaluation_score"] == 15
    assert not jobs.keys() & {"lora_train", "evaluation_predict", "evaluation_answer", "selfimprove_train"}


def test_named_stop_runs_no_later_stage(tmp_path: Path) -> None:
    tree = copy_tree(tmp_path / "tree")
    rules = planned(tree, "tokenizers", "--configfile", "config/test.yaml")
    assert {"corpus_build", "tokenizer_train", "tokenizer_measure"} <= rules.keys()
    assert not any(rule.startswith(("lora", "evaluation", "selfimprove", "paper")) for rule in rules)


def test_finished_stops(finished: Path) -> None:
    stops = ["corpora", "models", "pretraining", "adapters", "expressivity", "interference"]
    stops += ["scores", "rounds", "reach", "figures", "report"]
    assert planned(finished, *stops, "--configfile", "config/test.yaml").keys() <= {"corpus_build"}


LOOPS = """
selfimprove:
  tests: [{task: functions, split: test}]
  loops:
    random: {start: lora-r4, rounds: 1}
    one-round: {start: lora-r4, rounds: 1, pools: 2}
    from-base: {start: lora-r4}
  grid:
    - {models: [tiny], tasks: [arithmetic], loops: [confidence, random, one-round, from-base], seeds: [0]}
"""


def test_loops_that_start_alike_share_what_the_start_does(tmp_path: Path) -> None:
    tree = copy_tree(tmp_path / "tree")
    (tree / "loops.yaml").write_text(LOOPS)
    jobs = planned(tree, "rounds", "--configfile", "config/test.yaml", "loops.yaml")
    found = {
        rule.removeprefix("selfimprove_"): count for rule, count in jobs.items() if "selfimprove" in rule
    }
    # Six rounds in four loops. Only the first pool of one-round is another.
    once = ("pool", "rounds", "compare", "comparisons", "gate")
    assert found == {
        **dict.fromkeys(("select", "train"), 6),
        **dict.fromkeys(("decode", "answer"), 2 + 2),  # first pools, and those of two second rounds
        **dict.fromkeys(("test", "test_answer", "score"), 6 * 2 + 1),  # of round 0 the other task alone
        "held_out": 6 + 1,
        "tabulate": 4,
        **dict.fromkeys(once, 1),
    }


def test_mistake_in_the_config_stops_before_any_job(tmp_path: Path) -> None:
    tree = copy_tree(tmp_path / "tree")
    run = snakemake(tree, "--cores", "1", *TARGET, "--config", "lora={rnaks: 4}", check=False)
    assert run.returncode and "lora.rnaks" in run.stdout and "unknown key" in run.stdout
    assert not any((tree / "results").iterdir())


def running(tree: Path, pattern: str) -> Iterator[int]:
    """Processes of a run in the tree whose command line has the pattern."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace")
            if pattern in words and Path(os.readlink(process / "cwd")) == tree:
                yield int(process.name)
        except OSError:
            continue


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="finds the jobs of a run through /proc")
def test_killed_run_goes_on_and_comes_to_the_same_tables(finished: Path, tree: Path) -> None:
    """The run is killed in a training; what is before the tasks has been made, and nothing after them."""
    tree, stops = tree.resolve(), ["rounds", *TARGET[1:]]
    for stage in ("task", "lora", "evaluation", "selfimprove"):
        shutil.rmtree(tree / "results" / stage)
    run = subprocess.Popen(
        command("--cores", "2", *stops), cwd=tree, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def wait_for(script: str) -> None:
        while not list(running(tree, script)):
            assert run.poll() is None, f"the run ended before {script} was seen"
            time.sleep(0.05)

    wait_for("workflow/scripts")
    second = snakemake(tree, "--cores", "1", *stops, check=False)
    assert second.returncode and "lock" in second.stdout.lower(), "a live run's lock must hold"

    wait_for("lora_train.py")
    run.send_signal(signal.SIGKILL)
    run.wait()
    for pid in running(tree, "workflow/scripts"):
        os.kill(pid, signal.SIGKILL)
    said = snakemake(tree, "--cores", "2", *stops).stdout
    assert "Finished" in said
    assert planned(tree, *stops) == {}
    assert differences(tree / "results", finished / "results", part=True) == []
    assert not list(tree.glob("results/**/*.partial")) and not list(tree.glob("results/**/checkpoint.pt"))


@pytest.mark.parametrize(
    ("place", "alone"),
    [(["--cores", "3"], "threads: 3"), (["--workflow-profile", "profiles/slurm"], "--exclusive")],
)
def test_nothing_runs_beside_a_probe(finished: Path, place: list[str], alone: str) -> None:
    said = snakemake(finished, "-n", *place, *TARGET, "--forcerun", "lora_probe").stdout
    probes = re.findall(r"^rule lora_probe:\n((?: .*\n)+)", said, re.MULTILINE)
    assert len(probes) == 2 and all(alone in probe for probe in probes)


def test_every_rule_declares_what_a_scheduler_needs(finished: Path) -> None:
    for path in sorted((finished / "rules").glob("*.smk")):
        for rule in re.split(r"(?m)^(?=\s*(?:use )?rule\b)", path.read_text())[1:]:
            name = rule.split("\n", 1)[0].strip()
            if "shell:" not in rule:
                continue  # a named stop, or a rule that inherits
            assert all(word in rule for word in ("mem_mb=", "runtime=", "log:", "benchmark:", "conda:")), name
            assert ("gpu=" in rule) == ("envs/lm.yaml" in rule and "--threads" in rule), name


def test_the_slurm_profile_has_a_line_for_each_step_that_runs_a_model() -> None:
    text = "".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    bodies = re.findall(r"(?m)^rule (\w+):\n((?:    .*\n|\n)+)", text)
    own = {name for name, body in bodies if "gpu=" in body}
    own |= {name for base, name in re.findall(r"(?m)^use rule (\w+) as (\w+) with:", text) if base in own}
    profile = (ROOT / "profiles" / "slurm" / "profile.yaml").read_text()
    lines = re.findall(r"(?m)^  # (\w+): \{.*gpu:", profile)
    assert sorted(lines) == sorted(own - {"expressivity_reproduce"})  # matrices of 16 by 16


def test_jobs_use_no_more_memory_than_they_ask_for(finished: Path) -> None:
    said = snakemake(finished, "-n", "--cores", "2", *TARGET, "--forceall").stdout
    job = r"^rule (\w+):\n(?: .*\n)*?    benchmark: (\S+)\n(?: .*\n)*?    resources:.* mem_mb=(\d+)"
    jobs = re.findall(job, said, re.MULTILINE)
    assert len(jobs) > 100
    used = [float(pd.read_csv(finished / path, sep="\t")["max_rss"].iloc[0]) for _, path, _ in jobs]
    asked = [float(megabytes) for *_, megabytes in jobs]
    found = zip(jobs, used, asked, strict=True)
    assert [(rule, path, rss, most) for (rule, path, _), rss, most in found if rss > most] == []
