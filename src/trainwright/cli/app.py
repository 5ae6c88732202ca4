"""The command line: one file per noun, imported only when its command runs."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from keyword import iskeyword

import click

from trainwright.errors import TrainwrightError

# name: what `trainwright --help` says; the module of the same name (- as _; _ behind a word of Python) holds COMMAND.
COMMANDS = {
    "train": "Train on a labelled table and make a model version.",
    "inspect": "Show what a table holds and what is wrong with it, before training.",
    "predict": "Predict the rows of a file with a model version.",
    "explain": "What a model version leans on, where it is weak, and what pushed one prediction.",
    "decide": "Choose from which probability on a version acts: costs, capacity, held precision or recall.",
    "evaluate": "Measure a model version on a labelled file.",
    "report": "Write or open the report of a model version.",
    "versions": "List, show, compare, activate, roll back and delete model versions.",
    "learning-curve": "Measure whether more rows would help a version.",
    "stability": "Fit a version again with other seeds: how much of its figure is luck?",
    "tune": "Search better settings for a project, then train with the best ones.",
    "try": "Change one setting of a version and keep the result only where it proves better.",
    "runs": "List, show and compare trainings; resume one that was stopped; repeat one from its record.",
    "worker": "Execute the trainings that wait in the queue.",
    "jobs": "The queue: list, show, watch, cancel and retry trainings.",
    "schedule": "Train a project again at the moments of a cron line.",
    "pipeline": "Nine steps from a file to a model that answers, each noted and tried again singly.",
    "reproduce": "Repeat the run of a version from its record: does every figure come out the same?",
    "export": "Write a version for other programs: ONNX, a folder that needs no trainwright, MLflow.",
    "data": "List and show dataset versions; correct labels that are probably wrong.",
    "families": "The kinds of model and their settings.",
    "gallery": "Base models for texts: size, licence, memory need, where each is found.",
    "config": "Write, check and describe the YAML of a run.",
    "doctor": "Whether everything a training stands on is here: libraries, memory, disk, GPU, workspace.",
    "track": "Mirrors in MLflow and TensorBoard: what was written, and catching up.",
    "serve": "Serve the web page, the REST interface and training workers.",
    "demo": "Train on a table that ships with scikit-learn.",
}


class Lazy(click.Group):
    """A group that knows its commands' names and words, and imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = cmd_name.replace("-", "_") + ("_" if iskeyword(cmd_name) else "")
        command: click.Command = import_module(f"trainwright.cli.{module}").COMMAND
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"the commands are {', '.join(COMMANDS)}"
            ctx.fail(f"there is no command '{args[0]}'; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Lazy,
    help="From a labelled table to a model you can trust: checks, honest splits, training, evaluation, versions.",
    epilog="Start with: trainwright train TABLE.csv --target COLUMN",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="trainwright", message="%(prog)s %(version)s")
def app() -> None:
    """The root of the commands."""


def main(arguments: list[str] | None = None) -> None:
    """Runs a command; a user's mistake ends with status 2, the environment's with 3, ours with 1, never a traceback."""
    from trainwright.cli import output

    words = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in words
    try:
        code = app(words, standalone_mode=False, prog_name="trainwright")
        sys.stdout.flush()
    except TrainwrightError as error:
        code = output.fail(str(error), error.exit_code, as_json=as_json)
    except (KeyboardInterrupt, click.Abort):
        code = output.fail("stopped by Ctrl-C", 130, as_json=as_json)
    except click.ClickException as error:
        code = output.misuse(error, as_json=as_json)
    except click.exceptions.Exit as leaving:
        code = leaving.exit_code
    except (output.ReaderLeftError, BrokenPipeError):
        # Nobody to tell; Python's own last flush must not meet the closed pipe again (docs of `signal`, SIGPIPE).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except MemoryError:
        code = output.fail("memory ran out", 3, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the outermost door: whatever comes through is told, not thrown
        code = output.unexpected(error, as_json=as_json)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
