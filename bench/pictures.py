"""The picture of a job at work in the README and the guides: a real training, seen in a real browser.

    python bench/pictures.py [--out docs/images/job.png]

Queues a training on scikit-learn's breast cancer table, lets a worker begin it, and takes the picture once a network
has learned a while; then ends it. Needs the extra `test`, torch and Debian's chromium. About a minute on 2 cores.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from web_pages import TOKEN, served

WIDTH, HEIGHT = 1200, 1500
FAMILIES = "lightgbm,neural_network"
# Epochs of a network's fold that the picture waits for.
EPOCHS = 12
# How many points the first curve of the losses shows.
SHOWN = """() => {
  const named = (figure) => figure.querySelector("strong").textContent;
  const loss = [...document.querySelectorAll("#curves-figures figure")].find((figure) => named(figure) === "Loss");
  return loss ? loss.querySelector(".plot").data[0].x.length : 0;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs" / "images" / "job.png")
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        place, table = Path(folder) / "workspace", Path(folder) / "breast_cancer.csv"
        _write(table)
        _do(place, "train", str(table), "--target", "diagnosis", "--families", FAMILIES, "--queue")
        worker = [sys.executable, "-m", "trainwright", "worker", "--name", "worker-1", "--workspace", str(place)]
        with served(str(place)) as server, subprocess.Popen(worker, stdout=subprocess.DEVNULL) as working:
            try:
                _take(server.address, out)
            finally:
                _do(place, "jobs", "cancel", "1")
                working.terminate()
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")


def _write(table: Path) -> None:
    """The table, with its classes in words."""
    from sklearn.datasets import load_breast_cancer

    frame: Any = load_breast_cancer(as_frame=True).frame
    frame["diagnosis"] = frame.pop("target").map({0: "malignant", 1: "benign"})
    frame.to_csv(table, index=False)


def _do(place: Path, *words: str) -> None:
    """A command of trainwright in the workspace."""
    command = [sys.executable, "-m", "trainwright", *words, "--workspace", str(place)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _take(address: str, out: Path) -> None:
    """Opens the page of the job, waits until there is something to see, and takes the picture."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page = context.new_page()
        page.set_default_timeout(600_000)
        page.goto(f"{address}/login?token={TOKEN}")
        page.goto(f"{address}/jobs/1")
        page.locator("#part-standings tbody tr").nth(2).wait_for()
        page.locator("#curves-fold option[value='2']").wait_for(state="attached")
        while page.evaluate(SHOWN) < EPOCHS and page.locator("#part-head .state.training").count():
            page.wait_for_timeout(100)
        page.screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    main()
