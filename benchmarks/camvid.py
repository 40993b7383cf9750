"""``python -m benchmarks.camvid``: score all trained models on CamVid's test frames, and what a training step costs.

::

    for model in unet segnet deconvnet fcn8s fcn16s fcn32s full_resolution sliding_window; do
        minidet train $model --data camvid
    done
    minidet train unet --data camvid --backbone mobilenet_v2 --pretrained --out runs/unet-camvid-mobilenet
    python -m benchmarks.camvid             prints the table
    python -m benchmarks.camvid --write     also writes it into docs/results.md

Runs are looked for in ``runs/MODEL-camvid``; a run of any other recipe may be named: ``--runs runs/unet-camvid-long``.
Seconds and memory are measured now, on this machine, not read from the run: a run may have shared its cores.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import time
from functools import partial

import numpy as np
from tqdm import tqdm

from minidet import random
from minidet.models.complexity import multiply_adds
from minidet.optim import AdamW
from minidet.training.runs import open_run
from minidet.training.tasks.segmentation import CAMVID_WINDOW, PixelLoss

from .claims.report import PAGE, redraw, table
from .frameworks.backends import Minidet
from .worker import growth

FRAME = (1, 3, 180, 240)
STEPS = 12  # timed; the first ones compile, and are left out


def parse(arguments=None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.camvid", description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=pathlib.Path, nargs="+", help="run folders (default: all of runs/*-camvid*)")
    parser.add_argument("--write", action="store_true", help="rewrite the table of docs/results.md")
    parser.add_argument("--cost", metavar="RUN", type=pathlib.Path, help=argparse.SUPPRESS)  # in a process of its own
    return parser.parse_args(arguments)


def step_of(opened):
    """Return a function that does one training step of a run's recipe on random pixels, on images of any size."""
    random.manual_seed(0)
    model, backend = opened.task.build(pretrained=False), Minidet()
    optimizer, task = AdamW(model.parameters(), lr=1e-4), PixelLoss(len(opened.task.classes))

    def step(count, size):
        optimizer.zero_grad()
        task.loss(model, (backend.random((count, 3, *size)), backend.integers(11, (count, *size)))).backward()
        optimizer.step()

    return step


def cost(run: pathlib.Path) -> dict:
    """Return the seconds of an epoch and the bytes that a step adds to the warmed process."""
    opened = open_run(run)
    step, batch = step_of(opened), opened.recipe.batch_size
    grown = growth(partial(step, 1, (64, 64)), lambda: partial(step, batch, CAMVID_WINDOW))
    seconds = []
    for _ in range(STEPS):
        start = time.perf_counter()
        step(batch, CAMVID_WINDOW)
        seconds.append(time.perf_counter() - start)
    steps = len(opened.task.open("train", training=True)) // batch
    return {"seconds": float(np.median(seconds[2:])) * steps, "bytes": grown}


def name_of(recipe) -> str:
    """Return what a run's model is called in the table: its name, and its backbone if it has one to choose."""
    arguments = recipe.model_args
    backbone = [arguments["backbone"]] if arguments.get("backbone") else []
    return ", ".join([recipe.model, *backbone, *(["pretrained"] if arguments.get("pretrained") else [])])


def row(run: pathlib.Path) -> tuple[float, list[str]]:
    """Return a run's mIoU, and its row of the table."""
    opened = open_run(run)
    figures = opened.task.evaluate(opened.model)
    command = [sys.executable, "-m", "benchmarks.camvid", "--cost", str(run)]
    price = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    parameters = sum(p.numel() for p in opened.model.parameters())
    return figures["mIoU"], [
        name_of(opened.recipe),
        str(len(opened.history)),
        f"{figures['mIoU']:.3f}",
        f"{figures['boundary F1']:.3f}",
        f"{figures['global accuracy']:.3f}",
        f"{figures.baseline['mIoU']:.3f}",
        f"{parameters / 1e6:.2f} M",
        f"{multiply_adds(opened.model, FRAME) / 1e6:,.0f} M",
        f"{price['seconds']:.1f}",
        f"{price['seconds'] * len(opened.history) / 60:.1f}",
        f"{price['bytes'] / 2**20:.0f} MB",
    ]


HEADER = ["model", "epochs", "mIoU", "boundary F1", "pixel accuracy", "majority class's mIoU", "parameters",
          "multiply-adds", "s per epoch", "minutes", "peak memory"]  # fmt: skip


def main(arguments=None) -> None:
    """Print the table, the best model first."""
    args = parse(arguments)
    if args.cost:
        print(json.dumps(cost(args.cost)))
        return
    runs = args.runs or sorted(pathlib.Path("runs").glob("*-camvid*"))
    rows = sorted((row(run) for run in tqdm(runs, unit="run")), reverse=True)
    text = table(HEADER, [cells for _, cells in rows])
    print(text)
    if args.write:
        redraw(PAGE, "camvid", text)


if __name__ == "__main__":
    main()
