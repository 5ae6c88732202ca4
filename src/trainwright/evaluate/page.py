"""A page that opens without a network: its style, script and figures, the policy that guards them, and its writing."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainwright.errors import EnvironmentProblem
from trainwright.evaluate.figure_style import DARK, LIGHT, Figure

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def write_page(what: str, text: str, path: Path) -> Path:
    """Writes a page.

    Args:
        what: it is, such as "report".
        text: of it.
        path: the file to write; its folder must exist.

    Returns:
        The path written.

    Raises:
        EnvironmentProblem: the file cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as problem:
        raise EnvironmentProblem(
            f"the {what} {path} cannot be written: {problem.strerror or problem}",
            remedy="free some space or choose a folder that you may write to",
        ) from problem
    return path


@cache
def html_templates() -> Environment:
    """Our templates, which escape every value that is no `Markup`; compiled once."""
    from jinja2 import Environment, PackageLoader

    return Environment(
        loader=PackageLoader("trainwright.evaluate"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )


def shell(figures: Mapping[str, Figure], *, draws: bool = True) -> dict[str, Any]:
    """What every page needs beside its own words.

    Args:
        figures: what is drawn, by name.
        draws: whether the policy lets Plotly's script run.

    Returns:
        "captions" by figure and "figures_json", "themes_json", "plotly", "script", "style" and "policy".

    Raises:
        EnvironmentProblem: Plotly's script is not installed.
    """
    from markupsafe import Markup

    captions = take_captions(figures)
    plotly, plotly_hash = _plotly() if draws else ("", "")
    script = _asset("examples.js") + "\n" + _asset("report.js")
    allowed = f"'{_hash(script)}'" + (f" '{plotly_hash}'" if draws else "")
    return {
        "captions": captions,
        "figures_json": script_json(figures),
        "themes_json": script_json({"light": LIGHT, "dark": DARK}),
        "plotly": Markup(plotly) if figures else "",  # base64: no character of it is markup
        "script": Markup(script),  # our own file
        "style": Markup(_asset("sections.css") + "\n" + _asset("report.css")),
        # Plotly adds style elements of its own, so styles are allowed inline; scripts only by their hash.
        "policy": f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'",
    }


def take_captions(figures: Mapping[str, Figure]) -> dict[str, Any]:
    """Takes titles and captions out of figures, by name: the page prints them itself and adds the theme."""
    captions = {}
    for name, figure in figures.items():
        captions[name] = figure["layout"].pop("meta", {})
        for key in ("title", "template"):
            figure["layout"].pop(key, None)
    return captions


def script_json(value: Any) -> Markup:
    """JSON that is safe inside a script element: nothing in it can end the element or a line.

    Example:
        >>> print(script_json("</script>"))
        "\\u003c/script\\u003e"
    """
    from markupsafe import Markup

    text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _finite(value: Any) -> Any:
    """The value with every NaN and infinity, which JSON lacks, as null."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _asset(name: str) -> str:
    return files("trainwright.evaluate").joinpath("templates", name).read_text(encoding="utf-8").strip()


def _hash(source: str) -> str:
    """The name of a script in a Content-Security-Policy."""
    digest = hashlib.sha256(source.encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()


@cache
def _plotly() -> tuple[str, str]:
    """plotly.js of the installed package, compressed for the page (a third of its size), and its policy
    hash."""
    from importlib.util import find_spec

    spec = find_spec("plotly")  # found without importing it: only its script is needed
    where = Path(spec.origin).parent / "package_data" / "plotly.min.js" if spec and spec.origin else None
    if where is None or not where.is_file():
        raise EnvironmentProblem(
            "the figures need plotly's script, package_data/plotly.min.js, and it is not installed",
            remedy="pip install plotly",
        )
    source = where.read_bytes()
    packed = base64.b64encode(gzip.compress(source, compresslevel=9, mtime=0)).decode()
    return packed, _hash(source.decode("utf-8"))
