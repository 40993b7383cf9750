import re

import pytest

from benchmarks import camvid
from minidet.training.recipe import Recipe
from minidet.training.train import train


@pytest.mark.data
@pytest.mark.slow
def test_a_run_becomes_a_row(tmp_path):
    arguments = {"widths": (4, 6), "convs": (1, 1)}
    recipe = Recipe("segnet", "camvid", epochs=1, batch_size=4, lr=1e-3, quick_samples=4, model_args=arguments)
    train(recipe, tmp_path / "segnet-camvid", quick=True, progress=False)
    score, cells = camvid.row(tmp_path / "segnet-camvid")
    row = dict(zip(camvid.HEADER, cells, strict=True))
    assert 0 <= score <= 1
    assert row["mIoU"] == f"{score:.3f}"
    assert row["model"] == "segnet"
    assert row["epochs"] == "1"
    assert row["majority class's mIoU"] == "0.024"
    assert float(row["s per epoch"]) > 0
    assert re.fullmatch(r"\d+ MB", row["peak memory"])
