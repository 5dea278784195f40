"""Make .venv beside the Snakefile, with everything that the pipeline and its tests need.

Example:
    python3 envs/setup.py

READS   envs/requirements.lock, envs/torch.lock
WRITES  .venv/; what pip says is in .venv/setup.log

Needs nothing but Python 3.11 or later and a package index. A second call does nothing; one that was
interrupted goes on. A torch that is already in .venv is kept, so with a GPU install your own first:

    python3 -m venv .venv && .venv/bin/pip install torch

Elsewhere torch comes as the CPU build: from its own index where that answers, else from the
configured one. With --without-torch only the stages corpus, tokenizer and paper can run.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
REQUIREMENTS, TORCH = ROOT / "envs" / "requirements.lock", ROOT / "envs" / "torch.lock"
STAMP, LOG = VENV / "setup.json", VENV / "setup.log"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def main(arguments: list) -> None:
    """Install what is missing, and say in one line what was done."""
    if set(arguments) - {"--without-torch"}:
        sys.exit(__doc__)
    if sys.version_info < (3, 11):  # noqa: UP036 (an older Python may be what runs this)
        sys.exit(too_old())
    started = time.monotonic()
    wanted = {
        "python": sys.version.split()[0],
        "requirements": sha256(REQUIREMENTS),
        "torch": None if arguments else sha256(TORCH),
    }
    if is_done(wanted):
        print("setup: .venv is up to date")
        return
    make_venv()
    STAMP.unlink(missing_ok=True)
    LOG.unlink(missing_ok=True)
    if not arguments:
        install_torch()
    install("packages", "--no-deps", "--requirement", str(REQUIREMENTS)) or stop("the packages")
    STAMP.write_text(json.dumps(wanted), encoding="utf-8")
    print(f"setup: .venv is ready, after {time.monotonic() - started:.0f} s")


def too_old() -> str:
    """What to do about an old Python: name a newer one where there is one."""
    newer = next((name for name in ("python3.13", "python3.12", "python3.11") if shutil.which(name)), None)
    remedy = f"run it with {newer}" if newer else "install one, for example from python.org"
    return f"setup: Python 3.11 or later is needed, this is {sys.version.split()[0]}; {remedy}"


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_done(wanted: dict) -> bool:
    """Whether .venv holds what is wanted; the one with torch also serves without."""
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return works() and all(found.get(key) == value for key, value in wanted.items() if value)


def works() -> bool:
    """Whether the Python of .venv runs and is the version that runs this."""
    version = "import sys; print(sys.version.split()[0])"
    try:
        run = subprocess.run([PYTHON, "-c", version], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return run.stdout.strip() == sys.version.split()[0]


def make_venv() -> None:
    """Make .venv where it is missing, broken, or of another Python."""
    if works() and subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode == 0:
        return
    print(f"setup: making {VENV}", flush=True)
    try:
        # As `python -m venv` does it: a copied interpreter may not find its shared library.
        venv.create(VENV, clear=True, with_pip=True, symlinks=os.name != "nt")
    except subprocess.CalledProcessError:
        sys.exit(
            "setup: Python cannot make environments here; on Debian and Ubuntu install python3-venv first"
        )
    except OSError as error:
        sys.exit(f"setup: {VENV} cannot be made: {error}")


def install_torch() -> None:
    """Install torch where there is none, as the CPU build where there is no GPU to use."""
    if subprocess.run([PYTHON, "-m", "pip", "show", "torch"], capture_output=True).returncode == 0:
        return
    torch = ["--requirement", str(TORCH), "--constraint", str(REQUIREMENTS)]
    if sys.platform == "linux" and not has_gpu() and answers(CPU_INDEX):
        if install("torch (CPU build)", "--no-deps", "--index-url", CPU_INDEX, *torch):
            return
    install("torch", *torch) or stop("torch")


def has_gpu() -> bool:
    """Whether there is an NVIDIA driver."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def answers(index: str, seconds: float = 5) -> bool:
    """Whether a package index can be reached; a name that does not resolve must not hold things up."""
    found = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(f"{index}/torch/", timeout=seconds) as reply:
                if reply.status == 200:
                    found.set()
        except OSError:
            pass

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return found.is_set()


def install(what: str, *options: str) -> bool:
    """Run pip, with a line of progress now and then; whether it succeeded."""
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off", *options]
    print(f"setup: fetching {what}", flush=True)
    doing, count, told = "fetching", 0, time.monotonic()
    with open(LOG, "a", encoding="utf-8") as log:
        pip = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in pip.stdout:
            log.write(line)
            log.flush()
            count += line.startswith(("Collecting", "Processing", "Requirement already"))
            if line.startswith("Installing collected packages"):
                doing, told = "installing", 0.0
            if time.monotonic() - told > 10:
                print(f"setup: {doing} {what}: {count} packages", flush=True)
                told = time.monotonic()
        return pip.wait() == 0


def stop(what: str) -> None:
    """End with what pip said last."""
    lines = LOG.read_text(encoding="utf-8").splitlines()
    said = [line for line in lines if line.startswith("ERROR")] or lines[-5:]
    remedy = f"see that pip reaches its package index (pip config list); all that it said is in {LOG}"
    sys.exit("\n".join([*said, f"setup: {what} could not be installed; {remedy}"]))


if __name__ == "__main__":
    main(sys.argv[1:])
