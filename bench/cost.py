"""What the default costs: the package for adult, one prediction, the core install, `--help` and `import trainwright`.

    python bench/cost.py --data DATA

The package is that of `trainwright train adult.csv --target income` without further options. The install is a fresh
virtual environment with `pip install --no-compile -c constraints.txt .` (downloads about 300 MB; `--parts
package,commands` leaves it out). About 6 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import markdown
import polars as pl
import processes
import results
import tables

ROOT = Path(__file__).resolve().parents[1]
AIMS = {"size_mb": 20.0, "row_ms": 2.0, "bytes_mb": 900.0, "help_s": 0.2, "import_s": 0.1}
IMPORT = "import time; t = time.perf_counter(); import trainwright; print(time.perf_counter() - t)"


def main() -> None:
    options = _options()
    result = results.Result("cost", options)
    if "commands" in options.parts:
        result.measured("commands", measure_commands, options.repeats)
    if "package" in options.parts:
        result.measured("package", measure_package, options.data, options.limit, options.rows)
    if "install" in options.parts:
        result.measured("install", measure_install)


def measure_commands(repeats: int) -> dict[str, Any]:
    """Medians of `trainwright --help` as a whole, and of `import trainwright` inside a fresh interpreter."""
    helps, bare, imports = [], [], []
    for i in range(repeats + 1):
        times = [_wall(command) for command in (processes.trainwright("--help"), [sys.executable, "-c", "pass"])]
        done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
        if i:  # the first fills the system's file cache
            helps.append(times[0])
            bare.append(times[1])
            imports.append(float(done.stdout))
    return {
        "help_s": statistics.median(helps),
        "python_s": statistics.median(bare),
        "import_s": statistics.median(imports),
        "repeats": repeats,
    }


def measure_package(data: Path | None, limit: float | None, rows: int) -> dict[str, Any]:
    """Trains on adult with the defaults, then times the package in a fresh process."""
    with TemporaryDirectory() as root:
        folder = Path(root)
        table = tables.write("adult", data, folder)
        measured, document = processes.train(table, "income", workspace=folder / "workspace", limit=limit)
        package = Path(document["package"]["path"])
        size = sum(path.stat().st_size for path in package.rglob("*") if path.is_file()) / 1e6
        # Typed rows, as a service would get them from JSON.
        from trainwright.packages.predictor import Predictor

        predictor = Predictor.open(package, expected_sha=document["package"]["sha256"])
        sample = pl.read_csv(table, infer_schema=False).sample(rows, seed=1)
        predictor.conform(sample).frame.write_parquet(folder / "rows.parquet")
        words = [str(package), document["package"]["sha256"], str(folder / "rows.parquet")]
        script = str(Path(__file__).with_name("latency.py"))
        timed = processes.run([sys.executable, script, *words], cwd=folder)
        found = timed.json()
    return {
        "size_mb": size,
        **found,
        "memory_mb": timed.peak_mb,
        "train_s": measured.wall_s,
        "train_peak_mb": measured.peak_mb,
        "selected": document["selected"],
        "shape": document["package"]["shape"],
        "members": sum(weight > 0 for weight in document["weights"].values()),
    }


def measure_install() -> dict[str, Any]:
    """The core in a fresh virtual environment: what it adds on disk, and how long pip takes."""
    with TemporaryDirectory() as root:
        place = Path(root) / "venv"
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
        bare, bare_bytes = _disk_mb(place), _bytes_mb(place)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        wall = _wall([*pip, "--constraint", "constraints.txt", "."], cwd=ROOT)
        full, full_bytes = _disk_mb(place), _bytes_mb(place)
        sizes = {}
        for folder in place.glob("lib*/python*/site-packages/*"):
            if folder.is_dir() and not folder.is_symlink():
                sizes[folder.name] = _disk_mb(folder)
    largest = dict(sorted(sizes.items(), key=lambda item: -item[1])[:12])
    return {
        "install_mb": full - bare,
        "with_pip_mb": full,
        "bytes_mb": full_bytes - bare_bytes,
        "pip_s": wall,
        "largest": {name: round(size, 1) for name, size in largest.items()},
    }


def _wall(command: list[str], cwd: Path | None = None) -> float:
    """Seconds of a command that must succeed."""
    before = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with status {done.returncode}: {done.stderr[-2000:]}")
    return time.perf_counter() - before


def _disk_mb(folder: Path) -> float:
    """Megabytes that a folder takes on disk; a link counts as itself, like `du` does."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            stat = (Path(place) / name).lstat()
            total += getattr(stat, "st_blocks", -(-stat.st_size // 512)) * 512
    return total / 1e6


def _bytes_mb(folder: Path) -> float:
    """Megabytes of the contents of all files of a folder, whatever blocks they take."""
    return sum((Path(place) / name).lstat().st_size for place, _, files in os.walk(folder) for name in files) / 1e6


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = result["rows"]
    found = {**rows.get("package", {}), **rows.get("install", {}), **rows.get("commands", {})}
    words = {
        "size_mb": "default package for adult, MB",
        "row_ms": "one row in process, median, preprocessing included, ms",
        "bytes_mb": "core install, MB of files beyond an empty virtual environment",
        "help_s": "`trainwright --help`, s",
        "import_s": "`import trainwright`, s",
    }
    lines = []
    for name, limit in AIMS.items():
        value = found.get(name)
        met = None if value is None else value <= limit
        lines.append([words[name], "–" if value is None else f"{value:.3g}", f"{limit:g}", markdown.aim(met)])
    details = []
    if "package" in rows:
        p = rows["package"]
        details.append(
            f'The package holds {p["members"]} member(s), shape "{p["shape"]}" ({p["selected"]}). Over {p["rows"]:,} '
            f"rows one at a time: median {p['row_ms']:.2f} ms, 95th percentile {p['row_p95_ms']:.2f} ms; the same rows "
            f"as one table: {p['together_ms']:.1f} ms. Opening it, every hash checked, takes {p['open_s']:.2f} s, and "
            f"the predicting process {p['memory_mb']:.0f} MB; training took {p['train_s']:.0f} s and "
            f"{p['train_peak_mb']:,.0f} MB."
        )
    if "install" in rows:
        largest = ", ".join(f"{name} {size:.0f}" for name, size in rows["install"]["largest"].items())
        i = rows["install"]
        details.append(
            f"The install takes {i['install_mb']:.0f} MB in blocks of the disk, {i['bytes_mb']:.0f} MB by the lengths "
            f"of its files, and with pip and setuptools in the same environment {i['with_pip_mb'] / 1.048576:.0f} MiB "
            f"(`du -sm`). Largest parts in MB: {largest}. pip took {i['pip_s']:.0f} s."
        )
    if "commands" in rows:
        c = rows["commands"]
        details.append(
            f"Commands are medians of {c['repeats']} runs, files in the cache; an empty `python -c pass` alone takes "
            f"{c['python_s']:.3f} s of the time of `--help`."
        )
    text = "\n\n".join(details)
    return f"""## Cost

{markdown.table(["what", "measured", "aim: at most", ""], lines)}

{text}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--parts", type=results.names, default=["package", "install", "commands"], help="of the three")
    parser.add_argument("--limit", type=float, default=None, help="seconds of training (default: as shipped)")
    parser.add_argument("--rows", type=int, default=1_000, help="predicted one at a time")
    parser.add_argument("--repeats", type=int, default=15, help="of the commands")
    return parser.parse_args()


if __name__ == "__main__":
    main()
