"""Run the notebooks.

::

    python -m notebooks                   every one, in quick mode: small sizes, the same checks
    python -m notebooks NAME ...          only these
    python -m notebooks --write NAME ...  in full, and keep what they print and draw in NAME.ipynb

A notebook has two files. ``NAME.py`` is its source, cells in the percent format of jupytext: edit
that one. ``NAME.ipynb`` is made from it, with the outputs of one run: to be read without running
it. Quick mode also fails where the two do not have the same cells. It puts the folded
solutions in the place of the functions that readers write, and each has to pass its check; in full,
these functions are run as readers find them.
"""

import argparse
import base64
import io
import os
import pathlib
import sys
import tempfile

from . import blanks

FOLDER = pathlib.Path(__file__).parent
#: Files of this folder that are none.
NO_NOTEBOOKS = {"__main__", "blanks"}
#: Seconds that one cell may take.
TIMEOUT = 600
#: Pictures of more bytes are kept with 256 colours: a quarter of the size, for photographs.
LARGE_PICTURE = 25_000
WIDGET = "application/vnd.jupyter.widget-view+json"


def names():
    """List the notebooks: every .py and .ipynb in this folder but the runner's own."""
    return sorted(
        {path.stem for path in FOLDER.iterdir() if path.suffix in (".py", ".ipynb")} - NO_NOTEBOOKS
    )


def read(name):
    """Return the notebook of a source: without outputs, and the same cell identifiers each time."""
    import jupytext

    notebook = jupytext.read(FOLDER / f"{name}.py", fmt="py:percent")
    notebook.metadata = {
        "jupytext": {"formats": "ipynb,py:percent"},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    }
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def execute(notebook, quick):
    """Run all cells in a temporary folder; raise what a cell raises. Outputs are added."""
    import nbclient

    inline = "module://matplotlib_inline.backend_inline"  # pictures become outputs
    flag = str(int(quick))
    # Nobody moves a slider here, and what it shows is not kept. nbclient sometimes waits for ever
    # for a cell with one, while the kernel waits: https://github.com/jupyter/nbclient/issues/312.
    environment = {
        **os.environ,
        "MINIDET_QUICK": flag,
        "MINIDET_BLANKS": flag,
        "MINIDET_SLIDERS": "0",
        "MPLBACKEND": inline,
    }
    with tempfile.TemporaryDirectory() as folder:
        client = nbclient.NotebookClient(
            notebook,
            timeout=TIMEOUT,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            record_timing=False,
            coalesce_streams=True,
        )
        client.execute(env=environment)


def differences(source, stored):
    """List what is different in the cells of two notebooks: a line for each."""
    if len(source.cells) != len(stored.cells):
        return [f"{len(source.cells)} cells in the source, {len(stored.cells)} in the notebook"]
    pairs = enumerate(zip(source.cells, stored.cells, strict=True))
    return [
        f"cell {number}"
        for number, (a, b) in pairs
        if (a.cell_type, a.source) != (b.cell_type, b.source)
    ]


def check(name):
    """Run a source in quick mode; fail if its notebook has other cells, or no outputs."""
    import nbformat

    source = read(name)
    stored = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(stored)
    wrong = differences(source, stored)
    if any(cell.cell_type == "code" and cell.execution_count is None for cell in stored.cells):
        wrong.append("a cell was never run")
    if wrong:
        wrong = ", ".join(wrong)
        sys.exit(f"{name}.ipynb is not of {name}.py ({wrong}): python -m notebooks --write {name}")
    blanks.fill(source)
    execute(source, quick=True)


def is_kept(output):
    """Leave out progress bars and notes of the compiler, and widgets: on a page nothing moves."""
    return output.get("name") != "stderr" and WIDGET not in output.get("data", {})


def smaller(picture):
    """Return a PNG (base64) as it is, or with 256 colours if it is large and that helps."""
    from PIL import Image

    data = base64.b64decode(picture)
    if len(data) <= LARGE_PICTURE:
        return picture
    kept = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        few = image.convert("RGBA").quantize(256, method=Image.Quantize.FASTOCTREE)
    few.save(kept, "PNG", optimize=True)
    return base64.b64encode(min(kept.getvalue(), data, key=len)).decode()


def write(name):
    """Run a source in full, and write the notebook with its outputs."""
    import nbformat

    notebook = read(name)
    execute(notebook, quick=False)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if is_kept(output)]
            for output in cell.outputs:  # pictures read on light and dark pages: without a ground
                output.get("metadata", {}).pop("needs_background", None)
                if "image/png" in output.get("data", {}):
                    output["data"]["image/png"] = smaller(output["data"]["image/png"])
    notebook.metadata.pop("widgets", None)
    nbformat.validate(notebook)
    nbformat.write(notebook, FOLDER / f"{name}.ipynb")


def main():
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m notebooks", description="Run the notebooks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones; all if none is named")
    parser.add_argument("--write", action="store_true", help="run in full and keep the outputs")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(names())
    if unknown:
        parser.error(
            f"no such notebook: {', '.join(sorted(unknown))}; there are: {', '.join(names())}"
        )
    for name in arguments.names or names():
        print(name, flush=True)
        (write if arguments.write else check)(name)


if __name__ == "__main__":
    main()
