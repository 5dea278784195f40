"""What holds for all tests and for the processes that they start, before anything heavy is imported."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # tiny models gain nothing from more, and tests run side by side
os.environ["HF_HUB_OFFLINE"] = "1"
# References are computed on the CPU, where training is exact to the bit; on a GPU sums come out in any order.
os.environ["CUDA_VISIBLE_DEVICES"] = ""


def pytest_collection_modifyitems(items):
    """The workflow first: it takes longest, and the short files fill what is left of the time."""
    items.sort(key=lambda item: item.path.parent.name != "workflow")
