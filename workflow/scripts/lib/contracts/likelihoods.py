"""What models make of given answers; apart, so that no way of choosing among them reruns one."""

from lib.contracts.branches import CELL
from lib.table import INTEGER, REAL, TEXT, Column, Table

LIKELIHOODS = Table(
    "likelihoods",
    {
        **CELL,
        "item_id": Column(TEXT, "item of the task"),
        "choice": Column(INTEGER, "choice, by its place in the item, from 0"),
        "log_likelihood": Column(REAL, "log-probability of the choice's tokens after the prompt, in nats"),
        "tokens": Column(INTEGER, "tokens of the choice"),
    },
    key=(*CELL, "item_id", "choice"),
)
