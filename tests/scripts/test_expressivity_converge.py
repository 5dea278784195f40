import expressivity_converge
import numpy as np

from lib.contracts.expressivity import CONVERGENCE


def test_statistics_of_all_steps(tmp_path):
    path = tmp_path / "convergence.parquet"
    expressivity_converge.expressivity_converge(runs=40, seed=0, convergence=path)
    table = CONVERGENCE.read(path).set_index(["problem", "method", "rank"])
    isotropic = table.loc["isotropic"].loc["rac"]
    assert set(isotropic.index) == {1, 2, 4, 8} and len(isotropic) == 4 * 21
    for rank in (1, 2, 4):
        rows = isotropic.loc[rank]
        assert rows["theory"].tolist() == [(1 - rank / 16) ** step for step in range(21)]
        assert (abs(rows["mean"] - rows["theory"]) <= 5 * rows["standard_error"]).all()
    example = table.loc["counterexample"]
    cola = example.loc["cola", 1].sort_values("step")
    assert (np.diff(cola["n_diverged"]) >= 0).all() and cola["n_diverged"].iloc[-1] > 20
    assert cola["mean"].isna().sum() == (cola["n_diverged"] > 0).sum()  # a mean over all runs, or none
    assert np.isnan(cola["median"].iloc[-1]) and (cola["high"].isna() >= cola["median"].isna()).all()
    assert example.loc["rac", 1]["n_diverged"].max() == 0
    assert (example.loc["rac", 1]["median"].iloc[-1] < 1e-7) and (example["theory"].isna()).all()


def test_a_run_that_diverged_is_above_all_others():
    ratios = np.array([[1.0, 0.5], [1.0, np.nan], [1.0, 0.1], [1.0, 0.2]])
    first, second = expressivity_converge._by_step(ratios)
    assert (first["mean"], first["standard_error"], first["n_diverged"]) == (1.0, 0.0, 0)
    assert (second["low"], second["high"], second["mean"]) == (0.1, None, None)
    assert second["n_diverged"] == 1
