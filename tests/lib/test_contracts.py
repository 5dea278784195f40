from lib.contracts.scores import INTERVAL
from lib.paper import labels


def test_the_metrics_that_the_contract_names_exist():
    names = INTERVAL["metric"].meaning.removesuffix(", ...").split(", ")
    assert len(names) > 2 and set(names) <= set(labels.METRICS)
