"""The command line: one file per noun, nothing heavy imported until a command runs."""

from __future__ import annotations

import sys

import typer

from trainwright.cli import config, data, evaluate, families, inspect, predict, report, runs, train, versions
from trainwright.errors import TrainwrightError

app = typer.Typer(
    name="trainwright",
    help="From a labelled table to a model you can trust: checks, honest splits, training, evaluation, versions.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for module in (train, inspect, predict, evaluate, report):
    module.register(app)
for name, module, words in (
    ("versions", versions, "list, show, compare, activate, roll back and delete model versions"),
    ("runs", runs, "list, show, resume and repeat trainings"),
    ("data", data, "list and show dataset versions"),
    ("families", families, "the kinds of model and their settings"),
    ("config", config, "write, check and describe a run's YAML"),
):
    group = typer.Typer(help=words, no_args_is_help=True, rich_markup_mode=None)
    module.register(group)
    app.add_typer(group, name=name)


def main(arguments: list[str] | None = None) -> None:
    """Runs a command; a user's mistake ends with status 2, the environment's with 3, ours with 1, never a traceback."""
    from trainwright.cli import output

    words = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(words, standalone_mode=False) or 0
    except TrainwrightError as error:
        output.fail(str(error), error.exit_code, as_json="--json" in words)
        code = error.exit_code
    except KeyboardInterrupt:
        output.fail("stopped by Ctrl-C", 130, as_json="--json" in words)
        code = 130
    except BrokenPipeError:
        # The reader of our output has left (`| head`): nobody to tell.
        sys.stderr.close()
        code = 0
    except Exception as error:  # noqa: BLE001 - the outermost door: whatever comes through is told, not thrown
        code = output.unexpected(error, as_json="--json" in words)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
