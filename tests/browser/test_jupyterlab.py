"""Every notebook in JupyterLab, in a real browser without a screen: open it, run all cells, look at it.

``make browser`` runs this, in quick mode, and leaves a picture of every notebook in ``runs/browser/``. It needs the
extra ``browser`` and a Chromium (Debian: ``apt install chromium``).
"""

import contextlib
import importlib.util
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from notebooks import __main__ as runner

ROOT = pathlib.Path(__file__).parents[2]
PICTURES = ROOT / "runs" / "browser"
#: Seconds that a notebook may take.
TIMEOUT = 600
#: Pixels of a picture.
WIDTH, HEIGHT = 1300, 2400
#: All cells are in the page at once: JupyterLab otherwise draws only those that are in sight. And no question on top.
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false"},
}

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def chromium() -> str:
    """Return the path of a browser, or skip."""
    for package in ("playwright", "jupyterlab", "jupytext"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install -e '.[browser]'")
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("there is no Chromium in PATH")


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Serve an empty folder: its address and its path."""
    chromium()
    folder, settings, port = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("settings"), free_port()
    for path, values in SETTINGS.items():
        (settings / path).parent.mkdir(parents=True, exist_ok=True)
        (settings / path).write_text(json.dumps(values))
    options = {"IdentityProvider.token": "", "ServerApp.port": port, "ServerApp.root_dir": str(folder)}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--{name}={value}" for name, value in options.items()]
    environment = {**os.environ, "JUPYTERLAB_SETTINGS_DIR": str(settings), "MINIDET_QUICK": "1"}
    environment.pop("MPLBACKEND", None)  # pictures belong into the notebook, whatever is set outside
    with open(settings / "server.log", "w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=ROOT)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{address}/api"), 60, "the server to answer")
        yield address, folder
    finally:
        server.terminate()
        server.wait(30)


def answers(address: str) -> bool:
    """Tell whether a server answers."""
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5) as answer:
        return answer.status == 200
    return False


def wait_until(condition, seconds: float, what: str) -> None:
    """Ask until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.5)


def has_run(path: pathlib.Path) -> bool:
    """Tell whether each code cell of a stored notebook has a number, and raise if one failed.

    JupyterLab may be in the middle of writing the file; then it is not yet stored.
    """
    try:
        content = json.loads(path.read_text())
    except json.JSONDecodeError:
        return False
    cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    for cell in cells:
        for output in cell["outputs"]:
            assert output["output_type"] != "error", f"{path.stem}: {output['ename']}: {output['evalue']}"
    return all(cell["execution_count"] is not None for cell in cells)


def run_all(page, path: pathlib.Path) -> None:
    """Choose "Run All Cells" from the menu as a reader does, and save until the file says that all have run."""
    page.locator(".jp-NotebookPanel-toolbar").get_by_text("Python 3").wait_for(timeout=60_000)
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()

    def saved() -> bool:
        page.keyboard.press("Control+s")
        page.wait_for_timeout(1000)
        return has_run(path)

    wait_until(saved, TIMEOUT, f"{path.stem} to run")


def photograph(page, name: str) -> None:
    """Keep pictures of the notebook from its top to its end."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for old in PICTURES.glob(f"{name}-*.png"):
        old.unlink()
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    notebook = page.locator(".jp-WindowedPanel-outer").first
    for part, top in enumerate(range(0, notebook.evaluate("node => node.scrollHeight"), HEIGHT - 150)):
        notebook.evaluate("(node, top) => { node.scrollTop = top; }", top)
        page.wait_for_timeout(500)
        page.screenshot(path=PICTURES / f"{name}-{part:02}.png")


@pytest.mark.parametrize("name", runner.names())
def test_notebook_runs_in_jupyterlab(lab, name):
    address, folder = lab
    browser_path = chromium()
    from playwright.sync_api import sync_playwright

    path = folder / f"{name}.ipynb"
    content = json.loads((runner.FOLDER / path.name).read_text())
    for cell in content["cells"]:  # so that a number in the file comes from this run
        if cell["cell_type"] == "code":
            cell.update(execution_count=None, outputs=[])
    path.write_text(json.dumps(content))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 900})
        page.goto(f"{address}/lab/tree/{name}.ipynb?reset")
        page.locator(".jp-Notebook").first.wait_for(timeout=60_000)
        run_all(page, path)
        photograph(page, name)
        pictures = page.locator(".jp-OutputArea-output img").count()
        browser.close()
    assert pictures > 0, f"{name} shows no picture"
