"""The libraries of the core and of each extra: whether they are here, in range, and can be imported."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from packaging.requirements import Requirement

from trainwright.cli.health.line import Line

# Extras that gather others or serve only who works on trainwright itself.
NO_FEATURE = ("all", "test")
WHAT_FOR = {
    "explain": "the additive model `ebm`",
    "xgboost": "the family xgboost",
    "imbalance": "over-sampling by SMOTE's variants",
    "onnx": "export to ONNX",
    "postgres": "workspaces on PostgreSQL",
    "track": "export to MLflow",
    "tune": "Bayesian search",
    "neural": "networks for tables, models of texts",
}
# Libraries with machine code of their own, which a damaged or foreign installation breaks at import.
NATIVE = ("numpy", "scipy.linalg", "polars", "sklearn.linear_model", "lightgbm", "catboost", "pydantic", "sqlite3")
IMPORT_SECONDS = 120
_TRY = """
import importlib, json, sys
failed = {}
for name in sys.argv[1:]:
    print(json.dumps({"begun": name, "failed": failed}), flush=True)
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}"
print(json.dumps({"begun": None, "failed": failed}), flush=True)
"""


def requirements(extra: str | None = None) -> list[Requirement]:
    """What trainwright says it needs here, in the core or for one extra."""
    every = [Requirement(line) for line in declared().get(extra or "", ())]
    return [one for one in every if one.marker is None or one.marker.evaluate({"extra": extra or ""})]


def extras() -> list[str]:
    """The extras that bring a feature."""
    return sorted(name for name in declared() if name and name not in NO_FEATURE)


def declared() -> dict[str, list[str]]:
    """What each extra needs, the core under ""; empty where trainwright is not installed.

    An editable installation is asked for its source: what pip wrote down is as old as the last `pip install`.
    """
    try:
        here = metadata.distribution("trainwright")
    except metadata.PackageNotFoundError:
        return {}
    origin = json.loads(here.read_text("direct_url.json") or "{}")
    source = Path(url2pathname(urlparse(origin.get("url", "")).path)) / "pyproject.toml"
    if origin.get("dir_info", {}).get("editable") and source.is_file():
        project = tomllib.loads(source.read_text("utf-8"))["project"]
        return {"": project.get("dependencies", []), **project.get("optional-dependencies", {})}
    found: dict[str, list[str]] = {"": []} | {name: [] for name in here.metadata.get_all("Provides-Extra") or ()}
    for line in here.requires or ():
        marker = re.search(r"""extra\s*==\s*['"]([^'"]+)['"]""", line)
        found.setdefault(marker[1] if marker else "", []).append(line)
    return found


def core() -> Line:
    """Everything the core needs is installed, in range, and can be imported."""
    needed = requirements()
    if not needed:
        return Line(
            "core libraries",
            "problem",
            "trainwright itself is not installed, only found as source",
            "run `pip install --editable .` in its folder",
        )
    wrong = wrong_versions(needed)
    if wrong:
        return Line("core libraries", "problem", "; ".join(wrong), _install(needed, wrong))
    broken = cannot_import(NATIVE)
    if broken:
        words = "; ".join(f"{name} cannot be imported ({why})" for name, why in broken.items())
        return Line("core libraries", "problem", words, _mend(next(iter(broken)), " ".join(broken.values())))
    return Line("core libraries", "ok", f"{len(needed)} installed, in range and importable")


def extra_line(extra: str) -> Line:
    """Whether an extra is installed, with its versions."""
    name, needed = f"extra {extra}", requirements(extra)
    what, command = WHAT_FOR.get(extra, "more"), f'pip install "trainwright[{extra}]"'
    here = {one.name: version for one in needed if (version := installed(one.name)) is not None}
    if not here:
        return Line(name, "note", f"not installed; it brings {what}", f"{command} if you want it")
    wrong = wrong_versions(needed)
    versions = ", ".join(f"{library} {version}" for library, version in here.items())
    if wrong:
        return Line(name, "note", f"{versions}; {'; '.join(wrong)}", command)
    return Line(name, "ok", f"{versions} ({what})")


def wrong_versions(needed: Sequence[Requirement]) -> list[str]:
    """The libraries that are absent or out of the range that this release was tested with, in words.

    Example:
        >>> wrong_versions([Requirement("no-such-library>=1")])
        ['no-such-library is not installed (>=1 is needed)']
    """
    out = []
    for one in needed:
        found = installed(one.name)
        if found is None:
            out.append(f"{one.name} is not installed ({one.specifier} is needed)")
        elif not one.specifier.contains(found, prereleases=True):
            out.append(f"{one.name} is {found}, {one.specifier} is needed")
    return out


def installed(library: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def cannot_import(modules: Sequence[str]) -> dict[str, str]:
    """The modules that cannot be imported in a process of their own, with the reason; a crash is one as well.

    Example:
        >>> list(cannot_import(["json", "no_such_module"]))
        ['no_such_module']
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", _TRY, *modules],
            capture_output=True,
            text=True,
            timeout=IMPORT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {", ".join(modules): f"took more than {IMPORT_SECONDS} s"}
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"begun"')]
    if not told:
        return {modules[0]: done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "Python did not start"}
    last = told[-1]
    failed: dict[str, str] = last["failed"]
    if last["begun"] is not None:
        failed[last["begun"]] = f"the process ended with {done.returncode}"
    return failed


def _install(needed: Sequence[Requirement], wrong: Sequence[str]) -> str:
    names = {words.split(" ", 1)[0] for words in wrong}
    return "pip install " + " ".join(f'"{one.name}{one.specifier}"' for one in needed if one.name in names)


def _mend(module: str, why: str) -> str:
    if "libgomp" in why:
        return (
            "install the library of OpenMP: `apt-get install libgomp1` (Debian, Ubuntu), `dnf install libgomp` (Fedora)"
        )
    if "libomp" in why:
        return "install the library of OpenMP: `brew install libomp`"
    library = {"sklearn": "scikit-learn"}.get(module.split(".")[0], module.split(".")[0])
    if library == "sqlite3":
        return "use a Python that was built with SQLite"
    return f"install it anew: pip install --force-reinstall --no-deps {library}"
