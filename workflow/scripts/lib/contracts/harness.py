"""What is reported of lm-evaluation-harness' judgement."""

from lib.contracts.samples import NAMES
from lib.contracts.scores import INTERVAL
from lib.table import Table

HARNESS = Table("harness scores", {**NAMES, **INTERVAL}, key=tuple(NAMES))
