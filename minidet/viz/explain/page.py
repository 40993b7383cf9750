"""The page itself: an overview, and a section for each stage."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np

from ..document import document, embedded, text
from .stage import Bars, Picture, Stage, source_of

SMALL, LARGE = 300, 640  # CSS pixels: the longer side of a picture


def write_page(title: str, about: str, stages: Sequence[Stage], figure: str = "") -> str:
    """Return the page.

    Parameters
    ----------
    title, about : str
        The headline, and a line under it.
    stages : sequence of Stage
    figure : str
        What the model's file says of itself, the paper's figure among it.
    """
    told = f"<details><summary>the paper, and its figure</summary><pre>{text(figure)}</pre></details>" if figure else ""
    body = [f"<h1>{text(title)}</h1>", f'<p class="soft">{text(about)}</p>', told, _overview(stages)]
    body += [_section(number, stage) for number, stage in enumerate(stages, 1)]
    return document(title, "\n".join(body))


def seconds(value: float | None) -> str:
    """Write a time with three digits."""
    if value is None:
        return "-"
    for unit, name in ((1.0, "s"), (1e-3, "ms")):
        if value >= unit:
            return f"{value / unit:.3g} {name}"
    return f"{value * 1e6:.0f} \u00b5s"


def _overview(stages: Sequence[Stage]) -> str:
    longest = max((stage.seconds or 0.0 for stage in stages), default=0.0) or 1.0
    lines = []
    for number, stage in enumerate(stages, 1):
        wide = 8 * (stage.seconds or 0.0) / longest
        bar = f'<i class="bar" style="width:{wide:.2f}rem"></i>' if stage.seconds is not None else ""
        lines.append(f'<tr><td class="number">{number}</td><td><a href="#stage{number}">{text(stage.title)}</a></td>'
                     f'<td><code>{text(stage.gives)}</code></td><td class="number">{seconds(stage.seconds)}</td>'
                     f'<td class="share">{bar}</td></tr>')  # fmt: skip
    head = '<tr><th></th><th>stage</th><th>gives</th><th class="number">time</th><th class="share"></th></tr>'
    return f'<div class="wide"><table><thead>{head}</thead><tbody>{"".join(lines)}</tbody></table></div>'


def _section(number: int, stage: Stage) -> str:
    facts = [("takes", f"<code>{text(stage.takes)}</code>" if stage.takes else ""),
             ("gives", f"<code>{text(stage.gives)}</code>" if stage.gives else ""),
             ("time", seconds(stage.seconds) if stage.seconds is not None else ""),
             ("file", f"<code>{text(stage.source)}</code>" if stage.source else "")]  # fmt: skip
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts if value)
    words = f"<p>{text(stage.words)}</p>" if stage.words else ""
    drawn = "".join(_bars(item) if isinstance(item, Bars) else _picture(item) for item in stage.pictures)
    return (f'<section id="stage{number}"><h2>{number}. {text(stage.title)}</h2>{words}<dl>{listed}</dl>'
            f'<div class="pictures">{drawn}</div>{_inner(stage)}</section>')  # fmt: skip


def _picture(picture: Picture) -> str:
    """Write a picture; small ones are enlarged, their pixels left sharp."""
    from PIL import Image

    height, width = picture.pixels.shape[:2]
    side = LARGE if picture.large else SMALL
    scale = side / max(height, width)
    shown = max(1, round(width * scale))
    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture.pixels)).save(data, format="PNG")
    img = embedded(data.getvalue(), picture.caption, shown, max(1, round(height * scale)), sharp=scale > 1)
    return (f"<figure>{img}"
            f'<figcaption style="width:{max(shown, 180)}px">{text(picture.caption)}</figcaption></figure>')  # fmt: skip


def _bars(bars: Bars) -> str:
    finite = [value for value in bars.values if math.isfinite(value)]
    low, high = min([0.0, *finite]), max([0.0, *finite])
    span = (high - low) or 1.0
    rows = []
    for name, value in zip(bars.names, bars.values, strict=True):
        wide = 12 * abs(value) / span if math.isfinite(value) else 0.0
        start = 12 * (min(value, 0.0) - low) / span if math.isfinite(value) else 0.0
        rows.append(f'<tr><td>{text(name)}</td><td class="number">{value:.3g}</td><td style="min-width:13rem">'
                    f'<i class="bar" style="width:{wide:.2f}rem;margin-left:{start:.2f}rem"></i></td></tr>'
                    )  # fmt: skip
    return (f'<figure><div class="bars"><table>{"".join(rows)}</table></div>'
            f"<figcaption>{text(bars.caption)}</figcaption></figure>")  # fmt: skip


def _inner(stage: Stage) -> str:
    if not stage.inner:
        return ""
    top = min(call.depth for call in stage.inner)
    rows = "".join(
        f'<tr><td style="padding-left:{0.6 + (call.depth - top):.1f}rem">{text(call.name)}</td>'
        f"<td><code>{text(call.gives)}</code></td>"
        f'<td class="number">{seconds(call.seconds)}</td><td><code>{text(source_of(call.module))}</code></td></tr>'
        for call in stage.inner
    )
    head = '<tr><th>layer</th><th>gives</th><th class="number">time</th><th>file</th></tr>'
    return (f"<details><summary>{len(stage.inner)} layers inside</summary>"
            f'<div class="wide"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div></details>')  # fmt: skip
