"""What the finished runs of the chapter on detection say, as Markdown."""

from __future__ import annotations

import math

import numpy as np

from .detection_time import STAGES
from .report import Figures, difference, mean_and_each, paragraph, table
from .statistics import interval, paired

FAST, FASTER, RCNN, WINDOWS, EVERY = "Fast R-CNN", "Faster R-CNN", "R-CNN", "sliding window", "every window"
#: variant of the runs -> what the table calls it
DETECTORS = {
    WINDOWS: "sliding window, own small network, all windows at once",
    EVERY: "sliding window, same backbone, every window by itself",
    **{name: name for name in (RCNN, FAST, FASTER)},
}
CLAIM = ["claim", "published", "here", "95 % interval", "verdict"]


def tables(figures: Figures) -> str:
    """Format what the finished runs say, as Markdown."""
    head = f"""{len(figures.records)} of {figures.planned} runs are finished. Differences are paired: all detectors of
a seed learn the same scenes, and all but one sliding window start from the same backbone. Intervals are Student's, 95
%; those of ratios are of their logarithms. A claim *shows* where the whole interval lies above 0 (a ratio: above 1); it
is the *opposite* where all of it lies below; else it *does not show at this scale*: noise hides it. Seconds are the
processor's, of all threads together, for the machine did other work, too. Times against regions and ranks were measured
in turns, and so differ only by what is compared; those of the detectors were measured each in its own run."""
    if not figures.records:
        return paragraph(head)
    picture = "![seconds of a picture against its regions; Fast R-CNN with thinner layers](images/claims_detection.svg)"
    parts = (lineage, regions, shares, proposals, ranks, tasks)
    return "\n\n".join([paragraph(head), picture, *(part(figures) for part in parts)])


# formats -------------------------------------------------------------------------------------------------------------


def values(by_seed: dict[int, float]) -> np.ndarray:
    """Return the figures of all seeds."""
    return np.array([by_seed[seed] for seed in sorted(by_seed)])


def mean(by_seed: dict[int, float], style: str = "{:.3f}", factor: float = 1.0) -> str:
    """Format the mean over the seeds."""
    return style.format(values(by_seed).mean() * factor) if by_seed else "-"


def milliseconds(by_seed: dict[int, float]) -> str:
    """Format the mean of seconds."""
    return mean(by_seed, "{:,.1f}", 1000)


def combine(rule, *parts: dict[int, float]) -> dict[int, float]:
    """Return {seed: rule(figure of each part)}, of the seeds that all of them have."""
    common = set(parts[0]).intersection(*parts[1:])
    return {seed: rule(*(part[seed] for part in parts)) for seed in common}


def total(figures: Figures, detector: str, stages=STAGES) -> dict[int, float]:
    """Return the seconds of a picture, of all stages together."""
    return combine(lambda *s: sum(s), *(figures.of("detector", detector, f"{stage}_seconds") for stage in stages))


def ratio(longer: dict[int, float], shorter: dict[int, float]) -> list[str]:
    """Format a ratio in three cells: geometric mean, 95 % interval of it, verdict."""
    found = interval(combine(lambda a, b: math.log(a / b), longer, shorter).values())
    middle = "-" if math.isnan(found.mean) else f"{math.exp(found.mean):.2f}"
    limits = f"{math.exp(found.low):.2f} to {math.exp(found.high):.2f}" if found.count > 1 else "-"
    return [middle, limits, found.verdict()]


def settings_of(figures: Figures, claim: str) -> dict:
    """Return the settings of a claim's runs; empty if none is finished."""
    return next((record["settings"] for record in figures.records if record["claim"] == claim), {})


# the claims ----------------------------------------------------------------------------------------------------------


def lineage(figures: Figures) -> str:
    """Format the detectors side by side."""

    def of(detector, figure):
        return figures.of("detector", detector, figure)

    s = settings_of(figures, "detector")
    about = f"""Scenes of handwritten digits, 10 classes. Of a seed: {s.get("scenes", 0)} scenes to learn from,
{s.get("test_scenes", 0)} others to be scored on. The backbone that all but the first start from names
{mean(figures.of("backbone", "crops", "accuracy"))} of single held-out digits; its training
({mean(figures.of("backbone", "crops", "train_seconds"), "{:.0f}")} s) is not counted, and selective search for the
training scenes is not, either. Steps: R-CNN's network {mean(of(RCNN, "steps"), "{:.0f}")}, then features, SVMs and
regressors; all others {mean(of(FAST, "steps"), "{:.0f}")}. The first sliding window has a network of its own, small and
without padding: then the maps of a picture hold the scores of its windows. The backbone's convolutions have padding, so
the second cuts every window out, scales it to R-CNN's crops, and classifies it by itself; for its time's sake, it has
the same sizes of windows, but at half as many places in each direction. It is R-CNN's network with a softmax, on
windows, without SVMs and regressors. "Regions" are windows there. A picture's time is split; for the sliding windows,
"proposals" are the pyramid, or its boxes."""
    rows = []
    for name in DETECTORS:
        stages = [milliseconds(of(name, f"{stage}_seconds")) for stage in STAGES]
        rows.append([
            DETECTORS[name], mean_and_each(of(name, "ap")), mean_and_each(of(name, "ap50")),
            mean(of(name, "train_seconds"), "{:.0f}"), mean(of(name, "regions"), "{:,.0f}"), *stages,
            milliseconds(total(figures, name)), mean(of(name, "bytes"), "{:,.1f}", 1e-6),
        ])  # fmt: skip
    header = ["detector", "AP: mean (each seed)", "AP50: mean (each seed)", "training, s", "regions",
              *(f"{stage}, ms" for stage in STAGES), "a picture, ms", "features on disk, MB"]  # fmt: skip
    claims = [
        ["AP50: R-CNN above sliding window, own network", "+0.071 (0.243, 0.314: OverFeat, ILSVRC)",
         *difference(paired(of(RCNN, "ap50"), of(WINDOWS, "ap50")))],
        ["AP50: R-CNN above sliding window, same backbone", "(the same)",
         *difference(paired(of(RCNN, "ap50"), of(EVERY, "ap50")))],
        ["AP50: Fast R-CNN above R-CNN", "+0.009 (0.660, 0.669)",
         *difference(paired(of(FAST, "ap50"), of(RCNN, "ap50")))],
        ["AP50: Faster R-CNN above Fast R-CNN", "+0.030 (0.669, 0.699)",
         *difference(paired(of(FASTER, "ap50"), of(FAST, "ap50")))],
        ["training time: R-CNN / Fast R-CNN", "8.8 (84 h, 9.5 h)",
         *ratio(of(RCNN, "train_seconds"), of(FAST, "train_seconds"))],
        ["a picture without proposals: R-CNN / Fast R-CNN", "146 (47.0 s, 0.32 s)",
         *ratio(total(figures, RCNN, STAGES[1:]), total(figures, FAST, STAGES[1:]))],
    ]  # fmt: skip
    return "\n\n".join([
        "### From windows to a network's own proposals", paragraph(about), table(header, rows), table(CLAIM, claims),
    ])  # fmt: skip


def regions(figures: Figures) -> str:
    """Format what was predicted, and what was measured."""

    def of(figure):
        return figures.of("regions", "time", figure)

    s = settings_of(figures, "regions")
    about = f"""Before anything was measured, it was predicted: R-CNN makes {mean(of("crop_products"), "{:.1f}", 1e-6)}
million multiply-adds for a region; Fast R-CNN {mean(of("image_products"), "{:.0f}", 1e-6)} million for a picture and
{mean(of("region_products"), "{:.2f}", 1e-6)} million for a region, in its fully connected layers. Seconds are
these, divided by the rate at which the backbone works on one picture ({mean(of("rate"), "{:.1f}", 1e-9)} thousand
million a second). What has no weights (warping, RoI pooling, NMS) is not in it. Regions are random boxes of 10 to 30
pixels. "SVD" is Fast R-CNN with fc6 and fc7 cut to ranks {" and ".join(map(str, s.get("thin", ("-",))))}. Published,
with 2000 regions: R-CNN / Fast R-CNN 146; with SVD, 213."""
    rows = []
    for count in s.get("counts", ()):
        guess = combine(lambda a, b: a / b, of(f"rcnn_predicted_{count}"), of(f"fast_predicted_{count}"))
        found = ratio(of(f"rcnn_{count}"), of(f"fast_{count}"))
        rows.append([
            f"{count:,}", milliseconds(of(f"rcnn_predicted_{count}")), milliseconds(of(f"rcnn_{count}")),
            milliseconds(of(f"fast_predicted_{count}")), milliseconds(of(f"fast_{count}")),
            milliseconds(of(f"thin_{count}")), mean(guess, "{:.1f}"), *found,
            ratio(of(f"rcnn_{count}"), of(f"thin_{count}"))[0],
        ])  # fmt: skip
    header = ["regions", "R-CNN, ms: predicted", "measured", "Fast R-CNN, ms: predicted", "measured", "SVD: measured",
              "R-CNN / Fast R-CNN: predicted", "measured", "95 % interval", "above 1", "R-CNN / SVD"]  # fmt: skip
    return "\n\n".join(["### Time against the number of regions", paragraph(about), table(header, rows)])


def shares(figures: Figures) -> str:
    """Format which share of a picture's time the proposals take."""

    def share(detector):
        return combine(lambda part, whole: part / whole, figures.of("detector", detector, "proposals_seconds"),
                       total(figures, detector))  # fmt: skip

    s = settings_of(figures, "detector")
    about = f"""Selective search runs in its mode "{s.get("search", "-")}", on pictures of {s.get("size", "-")} x
{s.get("size", "-")} pixels: both it and the backbone take time in proportion to the pixels. The published figures are
of VGG-16, which makes eight times as many multiply-adds for a pixel, on a GPU; selective search ran on a CPU."""
    fast, faster = share(FAST), share(FASTER)
    half = dict.fromkeys({**fast, **faster}, 0.5)
    rows = [[name, milliseconds(figures.of("detector", name, "proposals_seconds")), milliseconds(total(figures, name)),
             mean_and_each(share(name)), published]
            for name, published in ((FAST, "0.825 (1510 of 1830 ms)"), (FASTER, "0.051 (10 of 198 ms)"))]  # fmt: skip
    claims = [
        ["proposals' share, Fast above Faster R-CNN", "+0.774", *difference(paired(fast, faster))],
        ["proposals' share of Fast R-CNN above one half", "+0.325", *difference(paired(fast, half))],
        ["proposals' share of Faster R-CNN below one half", "+0.449", *difference(paired(half, faster))],
        ["a picture: Fast / Faster R-CNN", "9.2", *ratio(total(figures, FAST), total(figures, FASTER))],
    ]
    header = ["detector", "proposals, ms", "a picture, ms", "share: mean (each seed)", "published"]
    return "\n\n".join([
        "### The proposals' share in the time of a picture", paragraph(about), table(header, rows),
        table(CLAIM, claims),
    ])  # fmt: skip


def proposals(figures: Figures) -> str:
    """Format how good both kinds of proposals are, and what the detector makes of them."""

    def of(name, figure):
        return figures.of("detector", FASTER, f"{name}_{figure}")

    first = next((record["settings"]["first"] for record in figures.records if record["variant"] == FASTER), ())
    boxes = mean(of("searched", "boxes"), "{:.0f}")
    about = f"""Selective search finds {boxes} boxes in a picture so small, not 2000; so the network's proposals are
also cut to fewer: 25 are about the share of them that 300 are of 2000. Scores are of one Faster R-CNN, which is given
the one or the other; its heads learned from the network's proposals. Fast R-CNN, in the last row and in the claims, has
the same heads, which learned from selective search's. Published: ZF, VOC 2007."""
    rows = []
    for name, title in (("searched", "selective search, all"), *((f"rpn{n}", f"network's first {n}") for n in first)):
        rows.append([
            title, mean(of(name, "boxes"), "{:.0f}"), *(mean(of(name, f)) for f in ("recall", "recall75", "mabo")),
            mean_and_each(of(name, "ap")), mean_and_each(of(name, "ap50")),
        ])  # fmt: skip
    fast = [mean_and_each(figures.of("detector", FAST, f)) for f in ("ap", "ap50")]
    rows.append(["selective search, all; learned from it (Fast R-CNN)", rows[0][1], *rows[0][2:5], *fast])
    header = [
        "proposals",
        "boxes",
        "recall",
        "recall at 0.75",
        "MABO",
        "AP: mean (each seed)",
        "AP50: mean (each seed)",
    ]
    published, fast = {300: "+0.012 (0.587, 0.599)"}, figures.of("detector", FAST, "ap50")
    pairs = [[f"AP50: Faster R-CNN, {n} of its own, above Fast R-CNN", published.get(n, ""),
              *difference(paired(of(f"rpn{n}", "ap50"), fast))] for n in first]  # fmt: skip
    pairs += [[f"recall: the network's first {n} above selective search's", "",
               *difference(paired(of(f"rpn{n}", "recall"), of("searched", "recall")))] for n in first]  # fmt: skip
    return "\n\n".join([
        "### Proposals: the network's 300 against selective search's", paragraph(about), table(header, rows),
        table(CLAIM, pairs),
    ])  # fmt: skip


def ranks(figures: Figures) -> str:
    """Format what truncated SVD costs and saves."""

    def of(figure):
        return figures.of("svd", "ranks", figure)

    s = settings_of(figures, "svd")
    about = f"""The fully connected layers of the trained Fast R-CNN are cut to rank t (fc6) and t / 4 (fc7); nothing
learns again. Times are shares of those of the full layers, with {s.get("regions", 0):,} regions in a picture, in turns:
of these layers alone, and of all but the proposals. Published, with ranks 1024 and 256 of 4096: mAP 0.669 to 0.666
(-0.003), a picture in 0.70 of the time (320 to 223 ms)."""
    rows = []
    for rank in reversed(s.get("ranks", ())):
        parts = [combine(lambda a, b: a / b, of(f"{name}_{rank}"), of(f"{name}_full"))
                 for name in ("products", "layer_seconds", "seconds")]  # fmt: skip
        lost = difference(paired(of(f"ap50_{rank}"), of("ap50_full")))
        faster = ratio(of("seconds_full"), of(f"seconds_{rank}"))[2]
        rows.append([f"{rank}, {max(1, rank // 4)}", *(mean(part, "{:.2f}") for part in parts), faster,
                     mean_and_each(of(f"ap50_{rank}")), *lost[:2]])  # fmt: skip
    rows.insert(0, ["full", "1", "1", "1", "", mean_and_each(of("ap50_full")), "", ""])
    header = ["ranks", "multiply-adds", "layers' time", "a picture's time", "faster", "AP50: mean (each seed)",
              "AP50 minus full", "95 % interval"]  # fmt: skip
    return "\n\n".join(["### Truncated SVD: rank against precision and time", paragraph(about), table(header, rows)])


def tasks(figures: Figures) -> str:
    """Format whether classes and boxes are better learned at once."""
    about = """Four Fast R-CNNs, as in the paper's Table 6: trained on classes alone, or on both losses at once, and in
both cases with boxes left where the proposals are; and with boxes moved: by a layer that learned afterwards, all else
fixed (as many steps again), or at once. Published: three networks, S, M and L."""
    ways = {
        "class only, boxes left": ("tasks", "class only", ""),
        "multi-task, boxes left": ("detector", FAST, "unmoved_"),
        "staged: classes, then boxes": ("tasks", "staged", ""),
        "multi-task": ("detector", FAST, ""),
    }

    def of(name, figure):
        claim, variant, prefix = ways[name]
        return figures.of(claim, variant, prefix + figure)

    rows = [[name, mean_and_each(of(name, "ap")), mean_and_each(of(name, "ap50"))] for name in ways]
    claims = []
    for better, worse, published in (
        ("multi-task, boxes left", "class only, boxes left", "+0.011, +0.008, +0.008"),
        ("staged: classes, then boxes", "class only, boxes left", "+0.024, +0.019, +0.014"),
        ("multi-task", "staged: classes, then boxes", "+0.025, +0.026, +0.029"),
    ):
        for figure, title in (("ap50", "AP50"), ("ap", "AP")):
            found = difference(paired(of(better, figure), of(worse, figure)))
            claims.append([f"{title}: {better} above {worse}", published if figure == "ap50" else "", *found])
    header = ["Fast R-CNN", "AP: mean (each seed)", "AP50: mean (each seed)"]
    return "\n\n".join([
        "### Classes and boxes: at once, or one after the other", paragraph(about), table(header, rows),
        table(CLAIM, claims),
    ])  # fmt: skip
