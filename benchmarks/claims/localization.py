"""Does a pretrained trunk help to classify and localise, and with how many pictures? (OverFeat, section 4; BCCD.)

The largest cell of each photograph of blood is named and boxed, by the same network in three ways: from random weights;
with a trunk that was trained on ImageNet and stays as it is; with that trunk frozen for a quarter of the steps, then
fine-tuned. All take equally many steps, whether they see 5, 20 or 100 % of the training part.

Needs ``bccd_voc`` in the folder MINIDET_DATA; the trunk's weights are fetched if they are not there.
"""

from __future__ import annotations

import numpy as np

from minidet import random
from minidet.data import DataLoader, Subset, collate_detection
from minidet.models import Localizer
from minidet.optim import AdamW
from minidet.training.fit import fit
from minidet.training.optimiser import parameter_groups, warmup_then_cosine
from minidet.training.recipes import recipe_for
from minidet.training.tasks import task_for
from minidet.viz import subplots
from minidet.viz.page import INK, colour

from .report import Figures, difference, mean_and_each, paragraph, table
from .runs import Run
from .statistics import paired

SHARES = (0.05, 0.2, 1.0)
STARTS = ("scratch", "frozen", "fine-tuned")
CLAIM = "transfer"
SETTINGS = {"data": "bccd", "backbone": "mobilenet_v2", "size": (120, 160), "steps": 240, "batch_size": 16, "lr": 2e-3,
            "pretrained_lr": 0.4, "weight_decay": 0.02, "warmup_steps": 30, "max_norm": 5.0, "box_weight": 10.0,
            "frozen_part": 0.25}  # fmt: skip
QUICK = {"backbone": "resnet20", "size": (32, 32), "steps": 4, "batch_size": 2}
NAMES = {"localization": "localisation accuracy", "classification": "classification accuracy", "box": "box accuracy",
         "mean_iou": "mean IoU"}  # fmt: skip


def variant_of(start: str, share: float) -> str:
    """Return the name of one way at one share, as ``"frozen 20 %"``."""
    return f"{start} {share:.0%}".replace("%", " %")


def plan(seeds, quick: bool = False) -> list[Run]:
    """Return all runs."""
    runs = []
    for seed in seeds:
        for share in SHARES:
            for start in STARTS:
                settings = {**SETTINGS, **(QUICK if quick else {}), "share": share, "start": start}
                runs.append(Run(CLAIM, variant_of(start, share), seed, settings, localizer))
    return runs


def localizer(run: Run, before: None):
    """Train one network; return its figures on the test part, and the mean box's."""
    s = run.settings
    task = task_for(recipe_for("localization", s["data"], options={"size": s["size"]}), seed=run.seed)
    whole = task.open("train", training=True)
    task.prepare(whole)
    seen = Subset(whole, chosen(len(whole), s["share"], run.seed))
    random.manual_seed(run.seed)
    trained_before = s["start"] != "scratch"
    model = Localizer(len(task.classes), s["backbone"], pretrained=trained_before, box_weight=s["box_weight"])
    loader = DataLoader(seen, s["batch_size"], shuffle=True, collate_fn=collate_detection,
                        drop_last=len(seen) >= s["batch_size"], rng=np.random.default_rng(run.seed))  # fmt: skip
    epochs = -(-s["steps"] // len(loader))
    rate = s["pretrained_lr"] if trained_before else 1.0
    optimizer = AdamW(parameter_groups(model, s["weight_decay"], s["lr"], rate), lr=s["lr"])
    scheduler = warmup_then_cosine(optimizer, epochs * len(loader), s["warmup_steps"])
    frozen = {"scratch": 0, "frozen": epochs, "fine-tuned": int(epochs * s["frozen_part"])}[s["start"]]

    def stage(model, record) -> None:
        if record["epoch"] == frozen < epochs:
            model.backbone.unfreeze()

    if frozen:
        model.backbone.freeze()
    history = fit(model, task, loader, optimizer, scheduler, epochs, max_norm=s["max_norm"], on_epoch=stage)
    found = task.evaluate(model)
    figures = {"steps": epochs * len(loader), "pictures": len(seen), "loss": history[-1]["loss"]}
    for key, name in NAMES.items():
        figures[key], figures[f"mean_box_{key}"] = found[name], found.baseline[name]
    return figures, model


def chosen(count: int, share: float, seed: int) -> list[int]:
    """Return which pictures are seen: the same for every start, and those of a smaller share among a larger one's."""
    order = np.random.default_rng(seed).permutation(count)
    return sorted(order[: max(1, round(share * count))].tolist())


def tables(figures: Figures) -> str:
    """Format what the finished runs say, as Markdown."""
    head = f"""{len(figures.records)} of {figures.planned} runs are finished. Differences are paired: all ways of a seed
see the same pictures. Intervals are Student's, 95 %."""
    if not figures.records:
        return paragraph(head)
    settings, seconds = figures.records[0]["settings"], [record["seconds"] for record in figures.records]
    head += f""" The trunk is {settings["backbone"]}; {figures.records[0]["figures"]["steps"]} steps or a few more,
{min(seconds):.0f} to {max(seconds):.0f} s a run."""

    def score(start, share, figure="localization"):
        return figures.of(CLAIM, variant_of(start, share), figure)

    rows = []
    for share in SHARES:
        for start in STARTS:
            pictures = next(iter(score(start, share, "pictures").values()), "-")
            each = [mean_and_each(score(start, share, figure)) for figure in NAMES]
            rows.append([f"{share:.0%}".replace("%", " %"), str(pictures), start, *each])
    record = figures.records[0]["figures"]
    rows.append(["", "", "(mean box)", *(f"{record[f'mean_box_{figure}']:.3f}" for figure in NAMES)])
    claims = []
    for better, worse in (("frozen", "scratch"), ("fine-tuned", "scratch"), ("fine-tuned", "frozen")):
        for share in SHARES:
            found = difference(paired(score(better, share), score(worse, share)))
            claims.append([f"{better} above {worse}, {share:.0%} of the pictures".replace("%", " %"), *found])
    header = ["share", "pictures", "trunk", *(f"{name}: mean (each seed)" for name in NAMES.values())]
    picture = "![localisation accuracy against the share of the training pictures](images/claims_localization.svg)"
    verdicts = table(["localisation accuracy", "here", "95 % interval", "verdict"], claims)
    return "\n\n".join([paragraph(head), picture, table(header, rows), verdicts])


def draw(figures: Figures):
    """Draw localisation accuracy against the share of the training pictures, a line for each start."""
    figure, ax = subplots(figsize=(5.2, 3.4))
    for number, start in enumerate(STARTS):
        scores = [figures.of(CLAIM, variant_of(start, share), "localization") for share in SHARES]
        ink, marker = colour(number), "osd"[number]
        for share, by_seed in zip(SHARES, scores, strict=True):
            ax.plot([share] * len(by_seed), list(by_seed.values()), marker, color=ink, alpha=0.4, markersize=4)
        means = [np.mean(list(by_seed.values())) if by_seed else np.nan for by_seed in scores]
        ax.plot(SHARES, means, marker + "-", color=ink, label=start)
    ax.set(xscale="log", xlabel="share of the training pictures", ylabel="localisation accuracy")
    ax.set_xticks(SHARES, [f"{share:.0%}" for share in SHARES])
    ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, labelcolor=INK, fontsize=8)
    return figure
