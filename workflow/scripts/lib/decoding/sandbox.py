"""Programs that a model wrote, run apart from this process and within limits.

A program runs in a process of its own with the standard library alone, in an empty folder that is removed
afterwards. Limits hold whatever it does by mistake: processor time, wall time, memory, size of files and,
unless it runs as root, number of processes. What it prints is thrown away. When its time is over, it is
killed with all that it started.

On Linux it has also no network and a table of processes of its own, where the system lets users make
namespaces (unshare of util-linux), and cannot change files outside its folder, where the kernel has Landlock
(5.13 or later). Which of these are at hand is said once, on stderr.

This protects from accidents: an endless loop, full memory, a removed home folder, mail to strangers. It does
not protect from an attack. A program reads what its user may read; it may look for holes in the kernel; it
may fill the disk with many files; and without namespaces a process that leaves its group outlives it. For
programs that somebody may have written with intent, run the pipeline in a virtual machine.

This file is its own child: :func:`run` starts it, by itself and without site-packages, and it takes the
program from there. So it imports nothing of this project.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

CPU_SECONDS = 5
WALL_SECONDS = 20  # for those that wait; a busy machine may give a program little of its processor
MEMORY = 2**29  # bytes of address space
FILE_BYTES = 2**20
PROCESSES = 32
MESSAGE_BYTES = 1000

PASSED, FAILED, TIMED_OUT, CRASHED = "passed", "failed", "timed-out", "crashed"
# Exit codes of the child; any other end is a crash, also a program that exits before its tests.
CODES = {90: PASSED, 91: FAILED, 92: TIMED_OUT, 93: CRASHED}

NAMESPACES = ["unshare", "--user", "--map-current-user", "--net", "--ipc", "--pid", "--fork", "--kill-child"]


class Outcome(NamedTuple):
    """How a program ended.

    Attributes:
        status: ``passed`` (it ran to its end), ``failed`` (an assertion did not hold), ``timed-out``, or
            ``crashed`` (any other error, a limit, or an end before the last line).
        message: the error, at most 1000 bytes; empty where there is none to tell.
    """

    status: str
    message: str


@cache
def _namespaces() -> list[str]:
    """The command that puts a program into namespaces; empty where the system does not let us."""
    if shutil.which(NAMESPACES[0]):
        trial = subprocess.run([*NAMESPACES, sys.executable, "-c", ""], capture_output=True)
        if trial.returncode == 0:
            return NAMESPACES
    return []


@cache
def _tell() -> None:
    """Say once what holds the programs of this process."""
    held = [*(["no network"] if _namespaces() else []), *(["no writing elsewhere"] if _landlock() else [])]
    print(f"note: programs run with limits{''.join(f', {what}' for what in held)}", file=sys.stderr)


def run(program: str) -> Outcome:
    """Run a Python program to its end, or to that of its time.

    Args:
        program: source; what it asserts is its test.
    """
    _tell()
    before = _spent()
    with tempfile.TemporaryDirectory(prefix="tok2cot-") as folder:
        (Path(folder) / "program.py").write_text(program, encoding="utf-8", errors="replace")
        command = [*_namespaces(), sys.executable, "-I", "-S", "-B", __file__, str(CPU_SECONDS)]
        child = subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": os.defpath, "HOME": folder, "TMPDIR": folder, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with child:
            try:
                code = child.wait(WALL_SECONDS)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                with contextlib.suppress(ProcessLookupError):  # all have ended
                    os.killpg(child.pid, signal.SIGKILL)
            message = _said(child.stdout.fileno())
    if code is None:
        return Outcome(TIMED_OUT, f"after {WALL_SECONDS} s")
    if code in CODES:
        return Outcome(CODES[code], message)
    if _spent() - before >= CPU_SECONDS:
        return Outcome(TIMED_OUT, f"after {CPU_SECONDS} s of the processor")
    return Outcome(CRASHED, message or f"ended with {code}")


def _spent() -> float:
    """Processor seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _said(pipe: int) -> str:
    """What the child reported; not read to the end, which processes that outlive it may hold up."""
    os.set_blocking(pipe, False)
    try:
        return os.read(pipe, MESSAGE_BYTES).decode(errors="replace").strip()
    except BlockingIOError:
        return ""


# Landlock (https://docs.kernel.org/userspace-api/landlock.html), by its system calls: there is no library.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
PATH_BENEATH = 1
NO_NEW_PRIVILEGES = 38  # of prctl
# Rights to change files: writing, removing, making, linking and cutting off; reading is left alone. The
# kernel's version says how many of the bits it knows.
CHANGES = 0b111_1111_1111_0010
KNOWN_BITS = {1: 13, 2: 14}  # by version; 15 from 3 on


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


def _landlock() -> int:
    """The kernel's version of Landlock; 0 where it has none."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return 0
    return max(0, ctypes.CDLL(None).syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1))


def _keep_to(folder: str) -> None:
    """From now on this process and its children change no file outside the folder."""
    if not (version := _landlock()):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    rights = ctypes.c_uint64(CHANGES & ((1 << KNOWN_BITS.get(version, 15)) - 1))
    rules = libc.syscall(CREATE_RULESET, ctypes.byref(rights), ctypes.c_size_t(8), 0)
    for path, allowed in ((folder, rights.value), (os.devnull, 0b10)):
        beneath = _PathBeneath(allowed, os.open(path, os.O_PATH))
        if libc.syscall(ADD_RULE, rules, PATH_BENEATH, ctypes.byref(beneath), 0):
            raise OSError(ctypes.get_errno(), "landlock_add_rule", path)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.syscall(RESTRICT_SELF, rules, 0):
        raise OSError(ctypes.get_errno(), "landlock_restrict_self")


def _limit(cpu_seconds: int) -> None:
    """Set the limits of this process and its children."""
    limits = {
        resource.RLIMIT_CPU: (cpu_seconds, cpu_seconds + 1),
        resource.RLIMIT_AS: (MEMORY, MEMORY),
        resource.RLIMIT_FSIZE: (FILE_BYTES, FILE_BYTES),
        resource.RLIMIT_NPROC: (PROCESSES, PROCESSES),
        resource.RLIMIT_CORE: (0, 0),
    }
    for kind, limit in limits.items():
        with contextlib.suppress(ValueError, OSError):  # macOS has no limit of address space
            resource.setrlimit(kind, limit)
    signal.signal(signal.SIGXCPU, lambda *_: os._exit(92))  # unless it is deep in C: then it is killed


def _inside(cpu_seconds: int) -> int:
    """Run program.py of the working folder within limits; the exit code tells how it ended."""
    report = os.dup(1)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    source = Path("program.py").read_text(encoding="utf-8")
    module = sys.modules["__main__"] = ModuleType("__main__")
    _limit(cpu_seconds)
    _keep_to(os.getcwd())
    try:
        exec(compile(source, "program.py", "exec"), module.__dict__)
    except BaseException as error:  # also SystemExit: it ended before its tests
        said = f"{type(error).__name__}: {error}".encode(errors="replace")[:MESSAGE_BYTES]
        os.write(report, said)
        return 91 if isinstance(error, AssertionError) else 93
    return 90


if __name__ == "__main__":
    # Not by sys.exit: what the program left behind, like threads and exit handlers, is not waited for.
    os._exit(_inside(int(sys.argv[1])))
