"""``python -m benchmarks.story``: the picture at the top of README.md, four tasks on held-out scenes.

::

    python -m notebooks --write 00_the_story                      trains the networks, and draws
    python -m benchmarks.story --write docs/images/story.png      takes the picture from there

The notebook's own figure is the picture: what stands on the page is what its code drew, of the scenes that it names.
"""

from __future__ import annotations

import argparse
import base64
import json
import pathlib

from minidet.serialization.safetensors import write_file

NOTEBOOK = pathlib.Path(__file__).parents[1] / "notebooks" / "00_the_story.ipynb"
CALL = "\ndraw_tasks("  # the cell that draws the picture


def picture(notebook: pathlib.Path = NOTEBOOK) -> bytes:
    """Return the PNG that the cell has drawn.

    Raises
    ------
    ValueError
        If there is not exactly one such cell, or it has drawn nothing.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    drawing = [cell for cell in cells if cell["cell_type"] == "code" and CALL in "\n" + "".join(cell["source"])]
    if len(drawing) != 1:
        raise ValueError(f"story: {notebook.name} has {len(drawing)} cells that call draw_tasks, expected one.")
    kept = [output.get("data", {}) for output in drawing[0]["outputs"]]
    pictures = [data["image/png"] for data in kept if "image/png" in data]
    if len(pictures) != 1:
        raise ValueError(f"story: the cell has drawn {len(pictures)} pictures, expected one: "
                         "python -m notebooks --write 00_the_story")  # fmt: skip
    return base64.b64decode("".join(pictures[0]))


def main(arguments=None) -> None:
    """Say how large the picture is; with ``--write``, keep it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.story", description=__doc__.split("\n")[0])
    parser.add_argument("--write", type=pathlib.Path, metavar="PNG", help="write the picture to this file")
    args = parser.parse_args(arguments)
    png = picture()
    print(f"{len(png):,} bytes")
    if args.write:
        write_file(args.write, png)


if __name__ == "__main__":
    main()
