"""What lies beside an ONNX file that takes the tokens of texts: the tokenizers, a script that uses them, and how."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trainwright.packages.export.onnx_file.texts import Tokens
from trainwright.packages.export.pipeline import Pipeline
from trainwright.packages.export.standalone import TEXTS, left_out, opening, origins, write_script
from trainwright.packages.needs import ALWAYS


def write_beside(
    folder: Path, pipeline: Pipeline, label: str, needed: dict[str, str], tokens: Sequence[Tokens]
) -> dict[str, str]:
    """Writes the files and returns what running the script needs: library -> range.

    Args:
        folder: where `model.onnx` lies.
        pipeline: the version's steps.
        label: how users call the version, such as "notes@v2".
        needed: what the ONNX file needs.
        tokens: that it takes.
    """
    for one in tokens:
        (folder / one.file).write_bytes(one.step.values["tokenizer"])
    write_script(folder, "session")
    needed = {**needed, "numpy": ALWAYS["numpy"], **TEXTS["tokens"]}
    lines = [f"{library}{range_}" for library, range_ in sorted(needed.items())]
    (folder / "requirements.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "README.md").write_text(_readme(pipeline, label, tokens), "utf-8")
    return needed


def _readme(pipeline: Pipeline, label: str, tokens: Sequence[Tokens]) -> str:
    """How to run it, in Markdown."""
    inputs = []
    for one in tokens:
        names = " and ".join(f"`{step.values['column']}`" for step in one.columns)
        joined = (
            ", texts that are not empty one after the other with a line break between" if len(one.columns) > 1 else ""
        )
        inputs.append(
            f"- `{one.ids}`, `{one.mask}`: int64 (rows, tokens), the tokens of {names} by `{one.file}`{joined}, at "
            f"most {one.step.values['limit']} (a longer text keeps its beginning and its last token), filled up with "
            f"{one.step.values['pad']}; the mask is 1 at tokens and 0 at what fills up."
        )
    return "\n".join(
        [
            *opening(pipeline, label),
            "`model.onnx` runs wherever ONNX Runtime does. Beside the columns of the table it takes",
            "",
            *inputs,
            "",
            "`tokenizer.json` is read by the library tokenizers (Rust, Python, JavaScript, Java). `export.json` says",
            "what every other input takes, and how the file was compared with the version.",
            "",
            *origins(pipeline),
            *left_out(pipeline),
        ]
    )
