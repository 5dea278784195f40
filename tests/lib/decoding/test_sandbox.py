import os
import time
from pathlib import Path

import pytest

from lib.decoding import sandbox
from lib.decoding.sandbox import run


@pytest.mark.parametrize(
    ("program", "status", "message"),
    [
        ("assert 1 + 1 == 2", "passed", ""),
        ("assert 1 + 1 == 3, 'no'", "failed", "AssertionError: no"),
        ("def f(", "crashed", "SyntaxError: '(' was never closed (program.py, line 1)"),
        ("import sys\nsys.exit(0)\nassert False", "crashed", "SystemExit: 0"),
        ("import os\nos._exit(0)\nassert False", "crashed", "ended with 0"),
        ("input()", "crashed", "EOFError: EOF when reading a line"),
        ("x = bytearray(2**31)", "crashed", "MemoryError:"),
        ("open('x', 'w').write('x' * 2**21)", "crashed", "OSError: [Errno 27] File too large"),
        ("import numpy", "crashed", "ModuleNotFoundError: No module named 'numpy'"),
        ("raise ValueError('x' * 10**6)", "crashed", "ValueError: " + "x" * 988),
        ("print('x' * 10**7)", "passed", ""),
    ],
)
def test_how_a_program_ended(program, status, message):
    assert run(program) == (status, message)


def test_a_program_is_a_module_of_its_own_in_a_folder_of_its_own():
    program = """
import os, pickle
from dataclasses import dataclass
@dataclass
class Point:
    x: "int" = 3
assert pickle.loads(pickle.dumps(Point())).x == 3
assert os.listdir() == ["program.py"] and os.environ["HOME"] == os.getcwd()
open("own", "w").write("x")
os.rename("own", "moved")
open("/dev/null", "w").write("x")
"""
    assert run(program) == ("passed", "")


def test_processor_time_has_a_limit(monkeypatch):
    monkeypatch.setattr(sandbox, "CPU_SECONDS", 1)
    assert run("while True: pass").status == "timed-out"
    assert run("sum(range(10**12))").status == "timed-out"  # no chance for a signal of Python


def test_all_that_a_program_started_ends_with_it(monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox, "WALL_SECONDS", 1)
    mark = str(tmp_path)  # in the command line of what is looked for
    program = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", {mark!r}])
time.sleep(60)
"""
    assert run(program) == ("timed-out", "after 1 s")
    time.sleep(0.2)
    commands = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            commands.append(process.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    assert not [command for command in commands if mark in command and "sleep" in command]


@pytest.mark.skipif(not sandbox._namespaces(), reason="the system lets no user make namespaces")
def test_there_is_no_network():
    assert run("import socket\nsocket.create_connection(('127.0.0.1', 9), 1)").status == "crashed"
    assert "unreachable" in run("import socket\nsocket.create_connection(('127.0.0.1', 9), 1)").message


@pytest.mark.skipif(not sandbox._landlock(), reason="the kernel has no Landlock")
def test_nothing_is_changed_elsewhere(tmp_path):
    (tmp_path / "mine").write_text("mine")
    for deed in ("open('{}/mine', 'a')", "os.remove('{}/mine')", "os.mkdir('{}/new')", "os.rmdir('{}')"):
        assert run(f"import os\n{deed.format(tmp_path)}").message.startswith("PermissionError")
    assert os.listdir(tmp_path) == ["mine"] and (tmp_path / "mine").read_text() == "mine"
