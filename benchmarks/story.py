"""``python -m benchmarks.story``: the picture at the top of README.md, what trained networks see in held-out pictures.

::

    minidet demo
    minidet train localization --data shapes --minutes 4
    minidet train pose --data figures --option flip_test=true
    minidet train faster_rcnn --data digits
    minidet train mask_rcnn --data shapes
    python -m benchmarks.story runs/demo runs/localization-shapes ... --write docs/images/story.png

A column for each run: a picture of its test split, and below what the network sees in it.
"""

from __future__ import annotations

import argparse
import io
import pathlib

import matplotlib.pyplot as plt
import numpy as np

from minidet import viz
from minidet.serialization.safetensors import write_file
from minidet.training.runs import OpenedRun, open_run

WIDTH, DOTS = 2.3, 110  # inches of a column, and dots of an inch


def title(run: OpenedRun) -> str:
    """Say what a run's network finds."""
    recipe = run.recipe
    if recipe.model == "mask_rcnn":
        return "a mask for each object" if getattr(run.task.options, "masks", False) else "joints of everybody"
    names = {"Segmentation": "a class for each pixel", "Localization": "one class, one box", "Pose": "joints"}
    return names.get(type(run.task).__name__, "a box for each object")


def columns(runs: list[OpenedRun], number: int) -> list[tuple]:
    """Return each run's title, the picture with that number in its test split, and what its network sees there."""
    found = []
    for run in runs:
        image, _ = run.task.open("test")[number]
        image = np.asarray(image)
        found.append((title(run), image.transpose(1, 2, 0), run.task.draw(run.model, image)[0]))
    return found


def draw(found: list[tuple]):
    """Draw the columns: pictures above, answers below."""
    figure, axes = plt.subplots(2, len(found), figsize=(WIDTH * len(found), 2 * WIDTH + 0.3), squeeze=False,
                                layout="constrained")  # fmt: skip
    for (name, *pictures), column in zip(found, axes.T, strict=True):
        column[0].set_title(name, fontsize=9)
        for picture, axis in zip(pictures, column, strict=True):
            axis.imshow(picture, interpolation="nearest")
            axis.axis("off")
    return figure


def main(arguments=None) -> None:
    """Say how large the picture is; with ``--write``, keep it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.story", description=__doc__.split("\n")[0])
    parser.add_argument("runs", nargs="+", type=pathlib.Path, metavar="RUN", help="folder that `minidet train` wrote")
    parser.add_argument("--picture", type=int, default=0, metavar="N", help="which of the test split's (default 0)")
    parser.add_argument("--write", type=pathlib.Path, metavar="PNG", help="write the picture to this file")
    args = parser.parse_args(arguments)
    viz.use_style()
    figure, buffer = draw(columns([open_run(run) for run in args.runs], args.picture)), io.BytesIO()
    figure.savefig(buffer, dpi=DOTS, format="png")
    plt.close(figure)
    print(f"{len(buffer.getvalue()):,} bytes")
    if args.write:
        write_file(args.write, buffer.getvalue())


if __name__ == "__main__":
    main()
