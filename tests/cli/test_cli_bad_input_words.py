"""Wrong commands, flags, names and configurations: the nearest right word is offered, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Shop, assert_refused, fingerprint, run, start


def _aliases(levels: int) -> str:
    """A few lines that stand for 9 ** levels values."""
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join(lines) + "\n"


COMMANDS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("trian", "TABLE"): ("there is no command 'trian'", "did you mean 'train'?"),
    ("xyzzy",): ("there is no command 'xyzzy'", "the commands are train, inspect"),
    ("versions", "lst"): ("'lst'", "Did you mean 'list'?"),
    ("train", "TABLE", "--tagret", "bought"): ("No such option '--tagret'", "'--target'", "trainwright train --help"),
    ("train", "TABLE", "TABLE"): ("unexpected extra argument",),
    ("train",): ("no table is named", "trainwright train TABLE.csv --target COLUMN"),
    ("train", "TABLE"): ("no target column is named", "--target"),
    ("train", "TABLE", "--target", "bought", "--families", "linaer"): ("no family 'linaer'", "did you mean 'linear'?"),
    ("train", "TABLE", "--target", "bought", "--metric", "rocauc"): ("no metric 'rocauc'", "did you mean 'roc_auc'?"),
    ("train", "TABLE", "--target", "bought", "--time-limit", "soon"): ("--time-limit", "90s, 5m or 2h", "got 'soon'"),
    ("train", "TABLE", "--target", "bought", "--kind", "job=nuber"): ("--kind", "'nuber'", "did you mean 'number'?"),
    ("train", "TABLE", "--target", "bought", "--preset", "fast"): ("--preset", "quick, balanced, production"),
    ("train", "TABLE", "--target", "bought", "--test-size", "1.5"): ("--test-size", "got '1.5'"),
    ("train", "TABLE", "--config", "none.yaml"): ("none.yaml does not exist", "trainwright config init"),
    ("families", "show", "forrest"): ("no family 'forrest'", "did you mean 'forest'?"),
    ("config", "check", "none.yaml"): ("none.yaml does not exist",),
    ("predict", "shpo", "TABLE"): ("no project 'shpo'", "shop"),
    ("predict", "shop@v9", "TABLE"): ("project 'shop' has no version v9", "it has: v1, v2"),
    ("predict", "shop@latest", "TABLE"): ("'shop@latest' names no version", "PROJECT@v2"),
    ("predict", "shop", "none.csv"): ("there is no file none.csv",),
    ("predict", "shop", "TABLE", "-o", "out.txt"): ("out.txt", ".csv, .parquet, .jsonl"),
    ("predict", "shop", "TABLE", "-o", "none/out.csv"): ("none",),
    ("predict", "shop", "TABLE", "--keep", "agee"): ("'agee'",),
    ("predict", "shop", "TABLE", "--threshold", "2"): ("--threshold", "2"),
    ("report", "shop", "-o", "report.pdf"): ("'report.pdf' must end with .html",),
    ("versions", "compare", "shop@v1", "shop@v7"): ("project 'shop' has no version v7",),
    ("versions", "activate", "shop"): ("'shop' names no version", "shop@v2"),
    ("versions", "delete", "shop"): ("'shop' names no version", "shop@v2"),
    ("runs", "show", "99"): ("no run 99",),
    ("runs", "show", "first"): ("no project 'first'",),
    ("runs", "show", "shop@v9"): ("project 'shop' has no version v9", "it has: v1, v2"),
    ("runs", "resume", "1"): ("run 1 is completed",),
    ("runs", "resume", "shop@v1"): ("run 1 is completed",),
    ("runs", "repeat", "shop@v9"): ("project 'shop' has no version v9", "it has: v1, v2"),
    ("data", "show", "shop@d9"): ("shop has no dataset version", "d1"),
}
NO_WORKSPACE = {"trian", "xyzzy", "families", "config"}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_wrong_word(command: tuple[str, ...], trained: Shop, tmp_path: Path) -> None:
    before = fingerprint(trained.workspace)
    words = [str(trained.table) if word == "TABLE" else word for word in command]
    if command[0] not in NO_WORKSPACE and command[:2] != ("versions", "lst"):
        words += ["--workspace", str(trained.workspace)]
    assert_refused(run(*words), 2, *COMMANDS[command])
    said = run(*words, "--json")
    assert said.code == 2 and said.document["error"]["exit_code"] == 2
    for word in COMMANDS[command]:
        assert word in said.document["error"]["message"]
    assert list(tmp_path.iterdir()) == []
    assert fingerprint(trained.workspace) == before


YAML: dict[str, tuple[str, tuple[str, ...]]] = {
    "unknown key": ("training:\n  seed: 1\n  tme_limit: 5m\n", ("line 3", "'tme_limit'", "did you mean 'time_limit'?")),
    "wrong value": ("training:\n  folds: many\n", ("line 2", "folds", "whole number", "'many'")),
    "aliases without end": (_aliases(9), ("aliases (*name) multiply without end", "write the values out")),
    "many aliases": (_aliases(40), ("too many aliases (*name)", "write the values out")),
    "alias of itself": ("a: &a [*a]\n", ("aliases (*name) multiply without end",)),
    "not YAML": ("training: [1, 2\n", ("line",)),
    "a tag": ("training: !!python/object/apply:os.system ['true']\n", ("line 1",)),
    "deep": ("[" * 5_000, ("line 1",)),
    "bytes": ("\x00\x01", ("run.yaml",)),
}


@pytest.mark.parametrize("case", YAML)
def test_a_wrong_configuration(case: str, trained: Shop, tmp_path: Path) -> None:
    text, words = YAML[case]
    (tmp_path / "run.yaml").write_text(text)
    table, new = trained.table, tmp_path / "new"
    flags = ("--target", "bought", "--config", "run.yaml")
    assert_refused(run("train", table, *flags, "--workspace", new), 2, "run.yaml", *words)
    assert_refused(run("config", "check", "run.yaml"), 2, "run.yaml", *words)
    assert not new.exists()


@pytest.mark.parametrize("noun", [(), ("versions",), ("runs",), ("data",), ("config",)])
def test_a_command_alone_gets_its_help(noun: tuple[str, ...]) -> None:
    said = run(*noun)
    assert said.code == 2 and said.out == "" and said.err.startswith("Usage: trainwright")


def test_commands_that_need_a_workspace_make_none(tmp_path: Path, trained: Shop) -> None:
    for words in (
        ("predict", "shop", trained.table),
        ("evaluate", "shop", trained.table),
        ("report", "shop"),
        ("versions", "list"),
        ("versions", "delete", "shop@v1"),
        ("runs", "list"),
        ("runs", "resume", "1"),
        ("data", "list"),
    ):
        assert_refused(run(*words), 2, f"there is no workspace at {tmp_path / '.trainwright'}", "--workspace")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_is_no_error(trained: Shop) -> None:
    process = start("predict", "shop", trained.table, "--json", "--workspace", trained.workspace)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 0
