"""What this process takes while it works: memory at its peak, time, and energy where the machine tells it."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

PROCESS = Path("/proc/self")
POWERCAP = Path("/sys/class/powercap")
EVERY = 0.002  # seconds between two looks at the memory, where the system keeps no peak


@dataclass
class Used:
    """What some work took; filled in when it is done.

    Attributes:
        peak_bytes: most memory at any moment: on a GPU what torch allocated there, else resident.
        reserved_bytes: on a GPU, most memory that torch held for later allocations too; else none.
        seconds: wall time.
        joules: energy of the processor packages, or of the GPU; none where the machine does not tell.
    """

    peak_bytes: int = 0
    reserved_bytes: int | None = None
    seconds: float = 0.0
    joules: float | None = None


@contextmanager
def metered() -> Iterator[Used]:
    """Measure what is done in the body; the peak is that of the body alone, whatever was before."""
    import torch

    used, gpu = Used(), torch.cuda.is_available()
    energy = gpu_energy() if gpu else package_energy()
    give_back()
    with _peak_allocated(used) if gpu else _peak_resident(used):
        begun = time.perf_counter()
        yield used
        if gpu:
            torch.cuda.synchronize()
        used.seconds = time.perf_counter() - begun
        used.joules = energy and energy()


@contextmanager
def _peak_allocated(used: Used) -> Iterator[None]:
    """The most memory that torch allocated on the GPU in the body."""
    import torch

    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    yield
    used.peak_bytes = torch.cuda.max_memory_allocated()
    used.reserved_bytes = torch.cuda.max_memory_reserved()


def give_back() -> None:
    """Give the memory that earlier work has freed back to the system, so that it counts no longer."""
    gc.collect()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)


def resident_bytes() -> int:
    """Memory of this process that is in the machine's memory now."""
    import psutil

    return psutil.Process().memory_info().rss


def _high_water() -> int:
    lines = (PROCESS / "status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


@contextmanager
def _peak_resident(used: Used) -> Iterator[None]:
    """The most resident memory in the body: Linux keeps it where it may be reset, else a thread watches."""
    try:
        (PROCESS / "clear_refs").write_text("5")  # proc(5): the peak starts again from what is resident now
    except OSError:
        with _watched(used):
            yield
    else:
        yield
        used.peak_bytes = _high_water()


@contextmanager
def _watched(used: Used) -> Iterator[None]:
    stopped = threading.Event()

    def look() -> None:
        used.peak_bytes = max(used.peak_bytes, resident_bytes())

    def watch() -> None:
        while not stopped.wait(EVERY):
            look()

    look()
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        look()  # what is held at the end was perhaps not there a moment ago


def package_energy() -> Callable[[], float] | None:
    """A clock of the energy that the processor packages have taken since now, in joules (RAPL).

    The counters are of the whole machine, and since Linux 5.10 only root may read them.
    """
    packages = []
    for domain in sorted(POWERCAP.glob("intel-rapl:*")):  # AMD's too
        try:
            if (domain / "name").read_text().startswith("package"):
                packages.append((domain, _microjoules(domain), _microjoules(domain, "max_energy_range_uj")))
        except OSError:
            return None
    # A counter that has come to its end starts again from zero.
    return (
        (lambda: sum((_microjoules(domain) - at) % (most + 1) for domain, at, most in packages) / 1e6)
        if packages
        else None
    )


def _microjoules(domain: Path, name: str = "energy_uj") -> int:
    return int((domain / name).read_text())


def gpu_energy() -> Callable[[], float] | None:
    """A clock of the energy that the GPU has taken since now, in joules (NVML, where pynvml is installed)."""
    try:
        import pynvml
        import torch

        pynvml.nvmlInit()
        uuid = f"GPU-{torch.cuda.get_device_properties(torch.cuda.current_device()).uuid}"
        device = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        at = pynvml.nvmlDeviceGetTotalEnergyConsumption(device)
    except ImportError:
        print("note: the energy of the GPU is not measured; install nvidia-ml-py", file=sys.stderr)
        return None
    except pynvml.NVMLError:  # before Volta
        return None
    return lambda: (pynvml.nvmlDeviceGetTotalEnergyConsumption(device) - at) / 1e3


def bytes_of(tensors: Iterable[torch.Tensor]) -> int:
    """Bytes of the memory behind tensors; what several share counts once."""
    storages = {storage.data_ptr(): storage.nbytes() for storage in (t.untyped_storage() for t in tensors)}
    return sum(storages.values())


class Saved:
    """Counts what autograd keeps from a forward pass for its backward pass: the activations.

    Use as a context manager around the training. Memory that several saved tensors share counts
    once, and that of the weights, which is there anyway, does not count.

    Args:
        weights: the weights of the model.

    Attributes:
        bytes: the most that any of the passes kept.
    """

    def __init__(self, weights: Iterable[torch.Tensor]) -> None:
        self.bytes = 0
        self._weights = {weight.untyped_storage().data_ptr() for weight in weights}
        self._kept: dict[int, int] = {}
        self._backward = False

    def __enter__(self) -> Saved:
        import torch

        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, self._unpack)
        self._hooks.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._hooks.__exit__(*error)

    def _pack(self, tensor: torch.Tensor) -> torch.Tensor:
        if self._backward:  # a new pass: what the last one kept is gone, and its places may be used again
            self._kept, self._backward = {}, False
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self._weights:
            self._kept[storage.data_ptr()] = storage.nbytes()
        self.bytes = max(self.bytes, sum(self._kept.values()))
        return tensor

    def _unpack(self, tensor: torch.Tensor) -> torch.Tensor:
        self._backward = True
        return tensor
