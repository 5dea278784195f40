import sys
from types import SimpleNamespace

import pytest
import torch

from lib import meters

MIB = 2**20


def held(mebibytes):
    return torch.ones(mebibytes * MIB // 4)


@pytest.fixture(params=["reset", "watched"])
def way(request, monkeypatch, tmp_path):
    """Both ways to find a peak; the second is for systems that keep none."""
    if request.param == "watched":
        monkeypatch.setattr(meters, "PROCESS", tmp_path / "missing")
    elif not (meters.PROCESS / "clear_refs").exists():
        pytest.skip("the system keeps no peak that could be reset")


def test_a_peak_is_that_of_its_own_phase(way):
    before = held(64)
    with meters.metered() as first:
        large = held(96)
        del large
        small = held(8)
    with meters.metered() as second:
        more = held(16)
    peaks = [used.peak_bytes / MIB for used in (first, second)]
    now = meters.resident_bytes() / MIB
    assert len(before) and len(small) and len(more)
    assert peaks[0] - now == pytest.approx(96 - 8 - 16, abs=4)
    assert peaks[1] == pytest.approx(now, abs=4)
    assert first.seconds > 0 and first.reserved_bytes is None


def test_what_fails_is_not_hidden(way):
    with pytest.raises(MemoryError), meters.metered():
        raise MemoryError


def test_a_gpu_tells_what_was_allocated_and_reserved(monkeypatch):
    asked = []
    fake = {
        "is_available": lambda: True,
        "empty_cache": lambda: asked.append("empty"),
        "reset_peak_memory_stats": lambda: asked.append("reset"),
        "synchronize": lambda: asked.append("wait"),
        "max_memory_allocated": lambda: 7,
        "max_memory_reserved": lambda: 9,
    }
    for name, function in fake.items():
        monkeypatch.setattr(torch.cuda, name, function)
    monkeypatch.setattr(meters, "gpu_energy", lambda: lambda: 3.5)
    with meters.metered() as used:
        asked.append("work")
    assert asked == ["empty", "reset", "work", "wait"]
    assert (used.peak_bytes, used.reserved_bytes, used.joules) == (7, 9, 3.5)


def domain(folder, name, label, microjoules, most=1000):
    path = folder / name
    path.mkdir()
    for file, value in (("name", label), ("energy_uj", microjoules), ("max_energy_range_uj", most)):
        (path / file).write_text(f"{value}\n")
    return path / "energy_uj"


def test_energy_of_the_packages(tmp_path, monkeypatch):
    monkeypatch.setattr(meters, "POWERCAP", tmp_path)
    assert meters.package_energy() is None
    one = domain(tmp_path, "intel-rapl:0", "package-0", 900)
    other = domain(tmp_path, "intel-rapl:1", "package-1", 100)
    part = domain(tmp_path, "intel-rapl:0:0", "core", 0)
    domain(tmp_path, "intel-rapl:2", "psys", 0)
    spent = meters.package_energy()
    one.write_text("50\n")  # it came to its end and started again: 101 to zero, and 50
    other.write_text("300\n")
    part.write_text("999\n")  # of a package, which counts it already
    assert spent() == pytest.approx((151 + 200) / 1e6)


def test_energy_that_may_not_be_read_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(meters, "POWERCAP", tmp_path)
    domain(tmp_path, "intel-rapl:0", "package-0", 5).unlink()
    assert meters.package_energy() is None


def test_energy_of_the_gpu(monkeypatch, capsys):
    counts = iter([1000, 4500])

    class NVMLError(Exception):
        pass

    nvml = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=lambda uuid: {"GPU-abc": "device"}[uuid],
        nvmlDeviceGetTotalEnergyConsumption=lambda device: next(counts),
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="abc"))
    assert meters.gpu_energy()() == 3.5

    def refused(device):
        raise NVMLError

    nvml.nvmlDeviceGetTotalEnergyConsumption = refused
    assert meters.gpu_energy() is None
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert meters.gpu_energy() is None
    assert "install nvidia-ml-py" in capsys.readouterr().err


def test_shared_memory_counts_once():
    whole = torch.zeros(10)
    assert meters.bytes_of([whole, whole[2:5], whole.view(2, 5), torch.zeros(3)]) == 40 + 12


def test_what_is_kept_for_the_backward_pass():
    frozen = torch.ones(4, 3)
    trained = torch.ones(3, 2, requires_grad=True)
    with meters.Saved([frozen, trained]) as saved:
        for rows in (5, 9, 2):  # passes: each keeps its own
            read = torch.ones(rows, 4)
            hidden = read @ frozen  # keeps nothing: neither needs a gradient
            last = (hidden @ trained).relu()  # keeps hidden, rows x 3; and its own output, rows x 2
            last.sum().backward()
    assert saved.bytes == 4 * (9 * 3 + 9 * 2)
    with meters.Saved([]) as saved:
        ((hidden @ trained) * (hidden @ trained)).sum().backward()
    assert saved.bytes == 4 * (2 * 3 + 2 * (2 * 2))  # hidden is kept twice, and counts once
