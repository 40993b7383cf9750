"""``python -m benchmarks.results``: the table at the top of ``docs/results.md``, a row for each result to be reached.

Each row is a run that the command in its last column trains, and a file in ``docs/results/``::

    minidet train pose --data figures --minutes 6 --out runs/pose-figures
    minidet eval runs/pose-figures --json docs/results/pose-figures.json
    python -m benchmarks.results --write

No figure of the table is typed: reached, baseline, epochs and minutes are read from the files. A run that shared its
cores with other work took longer than it would have: ``--time RUN FILE``, on an idle machine, times a few steps of the
run's recipe, and adds to the file what its epochs take there. A file that was written before detectors had a baseline
gets it by ``--baseline FILE``, without the run.
"""

from __future__ import annotations

import argparse
import json
import pathlib
from dataclasses import dataclass

from minidet.commands.eval import numbers
from minidet.serialization.safetensors import write_file
from minidet.training.recipes import recipe_for
from minidet.training.runs import open_run
from minidet.training.tasks import Detection, task_for
from minidet.training.tasks.detection_baseline import NAME
from minidet.training.train import Run, seconds_per_epoch

from .claims.report import PAGE, redraw, table

FOLDER = pathlib.Path("docs/results")


@dataclass(frozen=True)
class Row:
    """One result: where its figures are, what is to be reached, and what trains it."""

    file: str  # in docs/results/, without ".json"
    data: str
    network: str
    figure: str  # a name among the file's figures
    goal: float | None  # None where none was set
    pytorch: str  # the same figure of the same kind of network in PyTorch on two cores; empty where there is none
    command: str


ROWS = (
    Row("unet-camvid-mobilenet", "CamVid", "U-Net on pretrained MobileNetV2", "mIoU", 0.57, "0.544",
        "minidet train unet --data camvid --backbone mobilenet_v2 --pretrained --minutes 10 --option flip_test=true"),
    Row("localization-shapes", "shapes", "class and box", "localisation accuracy", 0.85, "",
        "minidet train localization --data shapes --minutes 4"),
    Row("localization-bccd", "BCCD, the largest cell", "class and box on pretrained MobileNetV2",
        "localisation accuracy", 0.70, "",
        "minidet train localization --data bccd --backbone mobilenet_v2 --pretrained"),
    Row("localization-bccd", "BCCD, the largest cell", "the same, boxes alone", "box accuracy", 0.70, "",
        "(the same)"),
    Row("pose-figures", "figures", "heatmaps", "PCK@0.2 torso", 0.80, "",
        "minidet train pose --data figures --option flip_test=true"),
    Row("pose-lspet", "LSPET", "heatmaps on pretrained MobileNetV2", "PCK@0.2 torso", 0.55, "0.509",
        "minidet train pose --data lspet --pretrained --minutes 8.5 --option flip_test=true"),
    Row("pose_regression-lspet", "LSPET", "regression on pretrained MobileNetV2", "PCK@0.2 torso", 0.22, "0.199",
        "minidet train pose_regression --data lspet --pretrained --minutes 3.5 --option flip_test=true"),
    Row("pose_cascade-lspet", "LSPET", "regression and a cascade stage", "PCK@0.2 torso", 0.22, "",
        "minidet train pose_cascade --data lspet --pretrained --option flip_test=true"),
    Row("faster_rcnn-digits", "digit scenes", "Faster R-CNN", "AP50", 0.92, "",
        "minidet train faster_rcnn --data digits"),
    Row("faster_rcnn-digits", "digit scenes", "the same", "AP", 0.70, "", "(the same)"),
    Row("faster_rcnn-bccd", "BCCD", "Faster R-CNN on pretrained MobileNetV2 + pyramid", "AP", 0.62, "0.600",
        "minidet train faster_rcnn --data bccd --pretrained"),
    Row("faster_rcnn-bccd", "BCCD", "the same", "AP50", 0.93, "0.919", "(the same)"),
    Row("ssd-digits", "digit scenes", "SSD", "AP50", 0.88, "", "minidet train ssd --data digits"),
    Row("yolo-digits", "digit scenes", "YOLO", "AP50", 0.85, "", "minidet train yolo --data digits"),
    Row("ssd-bccd", "BCCD", "SSD on pretrained MobileNetV2", "AP50", 0.88, "",
        "minidet train ssd --data bccd --pretrained"),
    Row("ssd-bccd", "BCCD", "the same", "AP", 0.52, "", "(the same)"),
    Row("yolo-bccd", "BCCD", "YOLO on pretrained MobileNetV2", "AP50", None, "",
        "minidet train yolo --data bccd --pretrained"),
    Row("mask_rcnn-shapes", "shapes", "Mask R-CNN", "mask AP50", 0.85, "", "minidet train mask_rcnn --data shapes"),
    Row("mask_rcnn-figures", "figures", "Mask R-CNN, joints", "keypoint AP50", 0.80, "",
        "minidet train mask_rcnn --data figures"),
    Row("mask_rcnn-figures-by-mask", "figures", "the same, people as large as their masks", "keypoint AP50", None, "",
        "(the same; `minidet eval RUN --option oks_area=mask`)"),
    Row("mask_rcnn-nuclei", "nuclei", "Mask R-CNN on pretrained MobileNetV2 + pyramid", "mask AP", 0.55, "0.464",
        "minidet train mask_rcnn --data nuclei --pretrained"),
    Row("mask_rcnn-nuclei", "nuclei", "the same", "mask AP50", 0.84, "0.818", "(the same)"),
)  # fmt: skip
HEADER = ["data", "network", "figure", "goal", "reached", "baseline", "PyTorch", "training", "command"]


def cells(row: Row, folder: pathlib.Path) -> list[str]:
    """Return a row of the table; a result that has no file yet says so."""
    path, command = folder / f"{row.file}.json", f"`{row.command}`" if row.command[0] != "(" else row.command
    about = [row.data, row.network, row.figure, "-" if row.goal is None else f"{row.goal:.2f}"]
    if not path.exists():
        return [*about, "not measured", "-", row.pytorch or "-", "-", command]
    record = json.loads(path.read_text(encoding="utf-8"))
    reached, baseline = record["figures"][row.figure], record["baseline"].get(row.figure)
    minutes = record.get("idle_seconds", record["seconds"]) / 60
    return [
        *about,
        f"**{reached:.3f}**" if row.goal is not None and reached >= row.goal else f"{reached:.3f}",
        "-" if baseline is None else f"{baseline:.3f} ({record['baseline_name']})",
        row.pytorch or "-",
        f"{record['epochs']} epochs, {minutes:.1f} min",
        command,
    ]


def add_time(run: pathlib.Path, path: pathlib.Path) -> None:
    """Add to a file what the epochs of its run take on this machine, now."""
    opened = open_run(run)
    record = json.loads(path.read_text(encoding="utf-8"))
    if (record["model"], record["data"]) != (opened.recipe.model, opened.recipe.data):
        raise ValueError(f"results: {path} is about {record['model']} on {record['data']}, {run} is another run.")
    record["idle_seconds"] = seconds_per_epoch(Run(opened.recipe, None, record["seed"], 0, False)) * record["epochs"]
    write_record(path, record)


def add_baseline(path: pathlib.Path) -> None:
    """Add to a detector's file the baseline's figures on the pictures that the file is about."""
    record = json.loads(path.read_text(encoding="utf-8"))
    recipe = recipe_for(record["model"], record["data"], options=record["options"])
    task = task_for(recipe, seed=record["seed"], facts={"classes": ["background", *record["classes"]]})
    if not isinstance(task, Detection):
        raise ValueError(f"results: {path} is about {task.name}: minidet eval has written its baseline.")
    pictures = task.open(record["split"])
    if (len(pictures), list(pictures.classes)) != (record["images"], task.classes):
        raise ValueError(f"results: {path} is about {record['images']} pictures of {', '.join(task.classes)}, expected "
                         f"{len(pictures)} of {', '.join(pictures.classes)}, as the recipe has them.")  # fmt: skip
    record |= {"baseline_name": NAME, "baseline": numbers(task.baseline(record["split"]))}
    write_record(path, record)


def write_record(path: pathlib.Path, record: dict) -> None:
    """Replace a file of figures in one step."""
    write_file(path, (json.dumps(record, indent=1, allow_nan=False) + "\n").encode())


def main(arguments=None) -> None:
    """Print the table; with ``--write``, put it into the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.results", description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="rewrite the table of docs/results.md")
    parser.add_argument("--time", nargs=2, type=pathlib.Path, metavar=("RUN", "FILE"),
                        help="time some steps of a run, and add to its file what its epochs take")  # fmt: skip
    parser.add_argument("--baseline", nargs="+", type=pathlib.Path, metavar="FILE",
                        help="compute what selective search reaches on the pictures of a detector's file, and add it "
                             "to the file; needs the data, and no run")  # fmt: skip
    args = parser.parse_args(arguments)
    if args.time:
        add_time(*args.time)
    for path in args.baseline or ():
        add_baseline(path)
    if args.time or args.baseline:
        return
    text = table(HEADER, [cells(row, FOLDER) for row in ROWS])
    print(text)
    if args.write:
        redraw(PAGE, "results", text)


if __name__ == "__main__":
    main()
