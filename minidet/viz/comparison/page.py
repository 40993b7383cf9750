"""The page of a comparison: what it says, speed against accuracy, mistakes, precision and recall, how it was done."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

from ..document import document, embedded, text
from .figures import draw_errors, draw_precision_recall, draw_speed
from .table import COLUMNS, KINDS, cells, error_cells

TITLE = "minidet compare: "
SHARP = 2  # pixels of a figure for each of CSS
PAPERS = (
    "Huang et al., Speed/accuracy trade-offs for modern convolutional object detectors, CVPR 2017, find SSD faster and "
    "Faster R-CNN more accurate; so do Redmon et al., You only look once, CVPR 2016, of YOLO. Liu et al., SSD, ECCV "
    "2016, find SSD faster and more accurate."
)


def write_page(record: dict) -> str:
    """Return the page, HTML with everything inside, of the record that ``minidet compare`` writes as JSON."""
    models = record["models"]
    title = f"{TITLE}{', '.join(one['title'] for one in models)} on {record['data']}"
    about = (f"{record['images']} pictures of the {record['split']} split, {record['objects']} objects. Budget: "
             f"{record['budget']}. Seed {record['seed']}.")  # fmt: skip
    body = [f"<h1>{text(title)}</h1>", f'<p class="soft">{text(about)}</p>', _verdict(record), _speed(record),
            _errors(models), _curves(record), _how(record)]  # fmt: skip
    return document(title, "\n".join(body))


def table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: bool = True) -> str:
    """Return an HTML table; all columns but the first hold numbers, unless it is said."""
    kind = ' class="number"' if numbers else ""
    top = "".join(f"<th{kind if i else ''}>{text(cell)}</th>" for i, cell in enumerate(head))
    lines = "".join(
        "<tr>" + "".join(f"<td{kind if i else ''}>{text(cell)}</td>" for i, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>'


def _verdict(record: dict) -> str:
    said = [pair[name] for name in ("accuracy_words", "speed_words") for pair in record["pairs"]]
    listed = "".join(f"<li>{text(words[0].upper() + words[1:])}.</li>" for words in said)
    claim = f"<p><strong>{text(record['claim'])}</strong></p>" if record["claim"] else ""
    papers = f'<p class="soft">{text(PAPERS)}</p>' if record["claim"] else ""
    notes = "".join(f'<p class="soft">{text(note)}</p>' for note in record["notes"])
    return f"<section><h2>What it says</h2>{claim}<ul>{listed}</ul>{papers}{notes}</section>"


def _speed(record: dict) -> str:
    models = record["models"]
    words = (f"AP50 with its interval of {record['confidence']:.0%}: {record['rounds']} times, as many test pictures "
             "were drawn from those that there are, the same for every detector. Images per second with the middle "
             f"half of {record['turns']} turns, in which all looked at the same picture, one after the other, by the "
             "clock; with resizing and search for proposals. Multiply-adds are those of one picture, of convolutions "
             "and fully connected layers.")  # fmt: skip
    figure = _figure(draw_speed(models), "speed against accuracy: the best is at the upper right")
    return (f"<section><h2>Speed against accuracy</h2>{figure}{table(COLUMNS, cells(models))}"
            f'<p class="soft">{text(words)}</p></section>')  # fmt: skip


def _errors(models: Sequence[dict]) -> str:
    words = ("Of each detector the surest detections are looked at, as many as there are objects: scores of different "
             "detectors mean different things, and no one threshold would be fair. Kinds as in TIDE (Bolya et al., "
             "ECCV 2020).")  # fmt: skip
    figure = _figure(draw_errors(models), "how many detections are right, and how many are wrong in which way")
    kinds = "".join(f"<dt>{text(kind)}</dt><dd>{text(meaning)}</dd>" for kind, meaning in KINDS.items())
    return (f"<section><h2>Kinds of mistakes</h2>{figure}{table(['detector', *KINDS], error_cells(models))}"
            f'<dl>{kinds}</dl><p class="soft">{text(words)}</p></section>')  # fmt: skip


def _curves(record: dict) -> str:
    caption = "precision against recall at an IoU of 0.5, the mean over classes; the area below a curve is AP50"
    figure = _figure(draw_precision_recall(record["models"], record["recall"]), caption)
    return f"<section><h2>Precision and recall</h2>{figure}</section>"


def _how(record: dict) -> str:
    rows = []
    for one in record["models"]:
        with_ = one["trained_with"]
        args = json.dumps(with_["model_args"])
        options = json.dumps({name: value for name, value in with_["options"].items() if value is not None})
        rows.append([one["title"], one["run"], one["backbone"] or "its own", one["epochs"], with_["batch_size"],
                     f"{with_['lr']:g}", args, options])  # fmt: skip
    head = ["detector", "run", "backbone", "epochs", "batch", "rate", "model", "options"]
    inside = table(head, rows, numbers=False)
    return (f"<section><h2>How each was trained</h2><details><summary>recipes</summary>{inside}</details>"
            "</section>")  # fmt: skip


def _figure(ax, caption: str) -> str:
    """Return a figure of HTML that holds a drawing, and close it."""
    import matplotlib.pyplot as plt

    figure, data = ax.figure, io.BytesIO()
    width, height = (round(side * 96) for side in figure.get_size_inches())
    figure.savefig(data, format="png", dpi=96 * SHARP)
    plt.close(figure)
    img = embedded(data.getvalue(), caption, width, height)
    below = f'<figcaption style="max-width:{width}px">{text(caption)}</figcaption>'
    return f'<div class="pictures"><figure>{img}{below}</figure></div><br>'
