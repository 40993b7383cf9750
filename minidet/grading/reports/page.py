"""What the HTML reports share: a page of its own, without scripts and without anything from elsewhere."""

from __future__ import annotations

import html

from ..scoring.wording import plain

STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #5f666d; --line: #d8dce0; --ground: #fff; --raised: #f5f6f8;
  --good: #1a7f4b; --bad: #c0240c; --bar: #2f6fd0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a0a7ae; --line: #3b4046; --ground: #17191c;
  --raised: #212428; --good: #5cc890; --bad: #ff8b76; --bar: #7aaaf5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: var(--ground);
  font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; } .number { text-align: right; white-space: nowrap; }
.parts th:nth-child(1) { width: 2.2rem; } .parts th:nth-child(2) { width: 10rem; }
.wide { overflow-x: auto; } .words { overflow-wrap: anywhere; }
.score { font-size: 2.2rem; font-weight: 700; margin: .6rem 0 0; }
.score small { font-size: 1.1rem; color: var(--soft); }
.box { background: var(--raised); border-radius: 8px; padding: .7rem 1rem; margin: .8rem 0; }
.bar { background: var(--line); border-radius: 4px; height: .6rem; min-width: 6rem; overflow: hidden;
  margin-top: .45rem; }
.bar i { display: block; height: 100%; background: var(--bar); } pre { white-space: pre-wrap; margin: .3rem 0; }
svg { display: block; max-width: 100%; height: auto; margin: .5rem 0; }
svg text { fill: var(--soft); font-size: 11px; } svg rect { fill: var(--bar); } svg line { stroke: var(--line); }
nav { margin: .8rem 0; } nav a { display: inline-block; margin-right: 1rem; }
details summary { cursor: pointer; color: var(--soft); } a { color: var(--bar); } pre.words { min-width: 14rem; }
@media (max-width: 40rem) { .parts th:nth-child(2) { width: auto; } .parts .words { display: block; min-width: 9rem; }
  .mistakes td:last-child { overflow-wrap: anywhere; }
  .mistakes th:nth-child(4), .mistakes td:nth-child(4) { display: none; }
  .stack thead { display: none; } .stack td { display: block; border: 0; padding: 0 .3rem; }
  .stack td:first-child { padding-top: .6rem; border-top: 1px solid var(--line); } }
"""
#: Nothing in a report may run or fetch anything, whatever got into it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(title: str, body: str) -> str:
    """Return a page. ``title`` is text, ``body`` is HTML."""
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{text(title)}</title>'
            f"<style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n")  # fmt: skip


def text(value, length: int = 600) -> str:
    """Return text as HTML that shows it, and does nothing else: tags escaped, terminal colours taken out."""
    return html.escape(plain(str(value), length))


def table(head: list[str], lines: list[list[str]], numbers: tuple[int, ...] = (), kind: str = "") -> str:
    """Return a table. Cells are HTML; the columns ``numbers`` stand on the right; ``kind`` is its class."""

    def line(tag: str, cells: list[str]) -> str:
        right = ' class="number"'
        return "".join(f"<{tag}{right if i in numbers else ''}>{cell}</{tag}>" for i, cell in enumerate(cells))

    rows = "\n".join(f"<tr>{line('td', cells)}</tr>" for cells in lines)
    head = f"<thead><tr>{line('th', head)}</tr></thead>"
    return f'<div class="wide"><table class="{kind}">{head}\n<tbody>{rows}</tbody></table></div>'


def bar(share: float) -> str:
    """Return a bar that is full to a share from 0 to 1."""
    return f'<div class="bar"><i style="width:{100 * min(max(share, 0.0), 1.0):.0f}%"></i></div>'


def histogram(values: list[float], out_of: float, width: int = 200, height: int = 56, bins: int = 10) -> str:
    """Return how many of ``values`` lie in each tenth of 0 to ``out_of``, as a picture (SVG) that also reads aloud."""
    counts = [0] * bins
    for value in values:
        counts[min(max(int(bins * value / out_of), 0), bins - 1) if out_of else 0] += 1
    top, step, room = max(counts, default=0) or 1, width / bins, height - 26
    bars, said = [], []
    for number, count in enumerate(counts):
        if count:
            x, y, tall = number * step, 12 + room * (1 - count / top), room * count / top
            bars.append(f'<rect x="{x + 1:.1f}" y="{y:.1f}" width="{step - 2:.1f}" height="{tall:.1f}"/>')
            bars.append(f'<text x="{x + step / 2:.1f}" y="{y - 3:.1f}" text-anchor="middle">{count}</text>')
            said.append(f"{number * out_of / bins:g} to {(number + 1) * out_of / bins:g}: {count}")
    line = f'<line x1="0" x2="{width}" y1="{height - 13.5}" y2="{height - 13.5}"/>'
    ends = (f'<text x="0" y="{height - 2}">0</text>'
            f'<text x="{width}" y="{height - 2}" text-anchor="end">{out_of:g}</text>')  # fmt: skip
    label = f"points and how many have them: {', '.join(said)}"
    head = f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{label}">'
    return f"{head}{''.join(bars)}{line}{ends}</svg>"
