import json

import expressivity_decompose
import numpy as np
import pytest
from safetensors.torch import load_file

from lib.adaptation import saved
from lib.contracts.expressivity import SPECTRUM, UPDATES

NAMES = {"model": "tiny", "task": "sums", "seed": 0}


def decompose(model, full, folder):
    expressivity_decompose.expressivity_decompose(
        model=model,
        cell=json.dumps(NAMES),
        full=full,
        spectrum=folder / "spectrum.parquet",
        updates=folder / "updates.parquet",
    )
    return SPECTRUM.read(folder / "spectrum.parquet"), UPDATES.read(folder / "updates.parquet")


def test_every_linear_matrix_and_no_other(cell, tuned, tmp_path):
    spectrum, updates = decompose(cell.model, tuned, tmp_path)
    assert len(updates) == 2 * 7 and set(updates["layer"]) == {0, 1}
    assert set(updates["kind"]) >= {"q_proj", "k_proj", "down_proj"}
    for name, value in NAMES.items():
        assert set(spectrum[name]) == set(updates[name]) == {value}
    before, after = load_file(cell.model / "model.safetensors"), dict(load_file(tuned / saved.WEIGHTS))
    for row in updates.itertuples():
        change = (after[f"{row.matrix}.weight"] - before[f"{row.matrix}.weight"]).double().numpy()
        values = spectrum[spectrum["matrix"] == row.matrix].sort_values("index")
        np.testing.assert_allclose(
            values["singular_value"], np.linalg.svd(change, compute_uv=False), rtol=1e-6, atol=1e-9
        )
        assert change.shape == (row.rows, row.columns)
        assert row.update_norm == pytest.approx(np.linalg.norm(change))
        assert values["residual"].iloc[-1] == 0 and (values["residual"].diff().dropna() <= 0).all()
        assert values["residual"].iloc[row.rank_90 - 1] ** 2 <= 0.1 + 1e-9
        assert 1 <= row.stable_rank <= row.rank_99 <= min(change.shape)


def test_a_training_that_failed_has_no_spectrum(cell, tmp_path, capsys):
    saved.write_failure(tmp_path / "adapter", "full", "diverged", "at step 3 the loss is nan")
    spectrum, updates = decompose(cell.model, tmp_path / "adapter", tmp_path)
    assert spectrum.empty and updates.empty
    assert "there is no update, diverged: at step 3" in capsys.readouterr().err
