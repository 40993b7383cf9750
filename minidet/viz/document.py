"""A page of HTML with its pictures inside, without scripts, light or dark as the reader's screen is."""

from __future__ import annotations

import base64
import html

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


def document(title: str, body: str) -> str:
    """Return the page: ``title`` is text, ``body`` HTML."""
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{text(title)}</title>'
            f"<style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n")  # fmt: skip


def text(value) -> str:
    """Return text as HTML that shows it and does nothing else."""
    return html.escape("".join(c if c.isprintable() or c == "\n" else " " for c in str(value)))


def embedded(png: bytes, alt: str, width: int, height: int, sharp: bool = False) -> str:
    """Return an image of so many CSS pixels that holds its file; ``sharp``: enlarged, its pixels stay square."""
    coded = base64.b64encode(png).decode("ascii")
    square = ' class="sharp"' if sharp else ""
    return (f'<img{square} src="data:image/png;base64,{coded}" width="{width}" height="{height}" '
            f'alt="{text(alt)}">')  # fmt: skip
