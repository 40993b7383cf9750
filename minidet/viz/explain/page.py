"""The page itself: HTML with its pictures inside, without scripts, light or dark as the reader's screen is."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Sequence

import numpy as np

from .stage import Bars, Picture, Stage, source_of

#: Nothing in the page may run or fetch anything.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #5a6168; --line: #d8dce0; --ground: #fff; --raised: #f5f6f8;
  --bar: #2f6fd0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a7aeb5; --line: #3b4046; --ground: #17191c;
  --raised: #212428; --bar: #7aaaf5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: var(--ground);
  font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .4rem 0; } a { color: var(--bar); } .soft, figcaption, summary, th { color: var(--soft); }
code, pre { font: .85rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace; } pre { overflow-x: auto; margin: .5rem 0; }
code { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; } .wide { overflow-x: auto; }
section { border-top: 1px solid var(--line); padding: 1.1rem 0; margin-top: 1.1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .9rem; margin: .5rem 0; font-size: .9rem; }
dt { color: var(--soft); } dd { margin: 0; min-width: 0; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; margin-top: .7rem; }
figure { margin: 0; max-width: 100%; }
figcaption { font-size: .82rem; max-width: min(27rem, 100%); margin-top: .25rem; }
img { display: block; max-width: 100%; height: auto; border-radius: 3px; } .sharp { image-rendering: pixelated; }
.bars { background: var(--raised); border-radius: 8px; padding: .6rem .9rem; overflow-x: auto; }
td code { display: block; min-width: 10rem; }
@media (max-width: 40rem) { .share { display: none; } }
.bars table { width: auto; } .bars td { border: 0; padding: .1rem .5rem; }
.bar { display: inline-block; height: .7rem; background: var(--bar); border-radius: 2px; min-width: 1px; }
summary { cursor: pointer; margin-top: .6rem; font-size: .9rem; }
"""
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
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{text(title)}</title>'
            f"<style>{STYLE}</style></head>\n<body>\n" + "\n".join(body) + "\n</body></html>\n")  # fmt: skip


def text(value) -> str:
    """Return text as HTML that shows it and does nothing else."""
    return html.escape("".join(c if c.isprintable() or c == "\n" else " " for c in str(value)))


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
    coded = base64.b64encode(data.getvalue()).decode("ascii")
    sharp = ' class="sharp"' if scale > 1 else ""
    return (f'<figure><img{sharp} src="data:image/png;base64,{coded}" width="{shown}" '
            f'height="{max(1, round(height * scale))}" alt="{text(picture.caption)}">'
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
