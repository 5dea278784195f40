import json
from itertools import islice
from types import SimpleNamespace

from lib.decoding.verifiers import VERIFIERS
from lib.tasks import functions
from lib.tasks.functions import expression, value
from lib.tasks.item import split_of
from lib.tasks.programs import items

HUMAN_EVAL = {
    "task_id": "HumanEval/x",
    "prompt": 'def add(x: int, y: int):\n    """Add two numbers."""\n',
    "entry_point": "add",
    "canonical_solution": "    return x + y\n",
    "test": "\n\nMETADATA = {}\n\n\ndef check(candidate):\n    assert candidate(2, 3) == 5\n",
}
MBPP = {
    "text": "Write a function to add two numbers.",
    "code": "def add(x, y):\n    return x + y",
    "test_list": ["assert add(2, 3) == 5", "assert add(0, 0) == 0"],
    "test_setup_code": "",
}


def read(folder, record, **task):
    path = folder / "own.jsonl"
    path.write_text(json.dumps(record))
    prompt = task["prompt"].format(**{**record, "test_list": "\n".join(record.get("test_list", []))})
    (item,) = items({**task, "path": str(path)}, split_of(prompt), 0, [])
    return item


def judged(item, text):
    judge = VERIFIERS[item.verifier]
    span = judge.find(text)
    return judge.judge(text[span.start : span.end], SimpleNamespace(**item._asdict())).outcome


def test_a_body_is_run_after_its_head(tmp_path):
    item = read(
        tmp_path,
        HUMAN_EVAL,
        prompt="{prompt}",
        target="{canonical_solution}",
        program="{prompt}{completion}\n{test}\ncheck({entry_point})",
    )
    assert item.target == "    return x + y\n" and item.answer == "return x + y"
    assert item.preamble == HUMAN_EVAL["prompt"] and item.tests.endswith("\ncheck(add)")
    assert judged(item, item.target) == "passed"
    assert judged(item, "    return x - y") == "failed"
    # A model that was taught to chat writes the whole function.
    assert judged(item, "Sure:\n```python\ndef add(x, y):\n    return x + y\n```\n") == "passed"


def test_assertions_stand_line_by_line(tmp_path):
    item = read(
        tmp_path,
        MBPP,
        prompt="{text}\n{test_list}\n",
        target="{code}",
        program="{test_setup_code}\n{completion}\n{test_list}",
    )
    assert item.prompt == MBPP["text"] + "\nassert add(2, 3) == 5\nassert add(0, 0) == 0\n"
    assert item.tests == "assert add(2, 3) == 5\nassert add(0, 0) == 0"
    assert judged(item, item.target) == "passed"
    assert judged(item, "def plus(x, y):\n    return x + y") == "crashed"


def test_steps_as_an_expression():
    steps = [("plus", 3), ("times", 2), ("minus", 5), ("times", 4), ("times", 7)]
    assert expression(steps) == "((x + 3) * 2 - 5) * 4 * 7"
    assert value(steps, 1) == ((1 + 3) * 2 - 5) * 4 * 7
    assert expression([("times", 2), ("minus", 5)]) == "x * 2 - 5"


def test_targets_pass_their_tests_and_others_do_not():
    found = list(islice(functions.items({"steps": 2, "digits": 1}, "train", 0, []), 100))
    assert len({item.item_id for item in found}) > 50
    for item in found:
        exec(f"{item.preamble}{item.target}\n{item.tests}", {})
        assert {split_of(item.prompt.split('"""')[1])} == {"train"}
    first, other = found[0], next(item for item in found if item.target != found[0].target)
    assert judged(first, other.target) == "failed"
    assert judged(first, first.target) == "passed"
