"""The form of a new training: its fields with their guidance, and one function from what was typed to settings.

A field is called after its setting ("training.epochs"); its guidance is the setting's own, so that the form, the
documentation and the command line say the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from trainwright.config.keys import extra
from trainwright.config.places import field_of
from trainwright.config.presets import PRESETS
from trainwright.config.settings import Settings
from trainwright.config.words import allowed, choices
from trainwright.config.written import as_yaml
from trainwright.errors import TrainwrightError, UserError
from trainwright.store.projects import check_project_name
from trainwright.web.client_settings import client_settings
from trainwright.web.wording import for_page

# Where a message of `config` says which argument it is about.
ABOUT = re.compile(r"\bargument ([\w.]+[\w])")
BEFORE = re.compile(r"argument [\w.]+( and argument [\w.]+)*: ")
# So many wrong fields are told at once.
MOST_PROBLEMS = 12


@dataclass(frozen=True)
class Field:
    """A field of the form.

    Args:
        key: of the setting.
        label: beside it.
        kind: "text", "choice" (of `options`), "column" (of the table), "columns" (several, with commas) or "switch".
        options: of a choice: (value, words).
        usual: figures beside the guidance, such as the usual range.
        shown: the value that stands there in grey while nothing is typed.
    """

    key: str
    label: str
    kind: str = "text"
    options: tuple[tuple[str, str], ...] = ()
    usual: str = ""
    shown: str = ""

    @property
    def guidance(self) -> str:
        """What the setting does and when to change it."""
        found = field_of(self.key)
        return "" if found is None else found.description or ""

    @property
    def takes(self) -> str:
        """The values that it takes, in words."""
        found = field_of(self.key)
        return "" if found is None else allowed(found)

    @property
    def network(self) -> bool:
        """Whether neural networks alone read it."""
        found = field_of(self.key)
        return found is not None and extra(found, "concerns") == "neural"


@dataclass(frozen=True)
class Group:
    """Fields that belong together; `open` ones are shown from the beginning."""

    name: str
    title: str
    about: str
    fields: tuple[Field, ...]
    open: bool = False


def _words(key: str, usual: str) -> tuple[tuple[str, str], ...]:
    found = field_of(key)
    assert found is not None
    return (("", usual), *((word, word.replace("_", " ")) for word in choices(found)))


GROUPS = (
    Group(
        "plan",
        "Plan",
        "How much time, and what counts as good.",
        (
            Field("training.preset", "Preset", "choice", (("", "none"), *((name, name) for name in PRESETS))),
            Field("training.time_limit", "Time limit", shown="2m", usual="30s for a first look, 10m for production."),
            Field("training.metric", "Metric", shown="chosen by the task"),
            Field("training.families", "Families of models", shown="the plan's own choice"),
            Field("training.class_weight", "Weight of rare classes", shown="even"),
            Field("training.comments", "Why you train it"),
        ),
        open=True,
    ),
    Group(
        "split",
        "Split",
        "Which rows are learned from, and which are kept back to judge: 70, 15 and 15 % unless you say otherwise.",
        (
            Field("data.test_size", "Sealed test", shown="15%"),
            Field("data.validation_split", "One fixed validation part", shown="cross-validation"),
            Field("data.folds", "Folds", shown="by the number of rows"),
            Field("data.group", "Rows that belong together", "column"),
            Field("data.time", "Order in time", "column"),
            Field("data.id", "Name of each row", "column"),
            Field("data.ignore", "Columns to leave out", "columns"),
        ),
    ),
    Group(
        "network",
        "Neural networks",
        "They concern neural networks alone; other families say that they do not read them.",
        (
            Field("training.epochs", "Epochs", shown="50", usual="10 to 50 are usual."),
            Field(
                "training.batch_size",
                "Batch size",
                shown="16",
                usual="32 to 128 are usual; 128 to 256 on a GPU, 32 to 64 where memory is limited.",
            ),
            Field("training.learning_rate", "Learning rate", shown="0.001", usual="0.0001 to 0.01."),
            Field("training.patience", "Patience", shown="5", usual="3 to 10 epochs."),
            Field("training.dropout", "Dropout", shown="0.1", usual="0.1 to 0.5."),
            Field("training.weight_decay", "Weight decay", shown="0.01", usual="0.0001 to 0.1."),
            Field("training.optimizer", "Optimizer", "choice", _words("training.optimizer", "adamw")),
            Field("training.scheduler", "Schedule", "choice", _words("training.scheduler", "fixed")),
            Field("training.layers", "Hidden layers", shown="128, 64"),
            Field("training.base_model", "Base model for texts", shown="minilm"),
        ),
    ),
    Group(
        "requirements",
        "Requirements",
        "What a model must satisfy; one that does not is not chosen.",
        (
            Field("requirements.max_latency_ms", "Longest prediction of a row, ms"),
            Field("requirements.max_size_mb", "Largest package, MB"),
            Field("requirements.max_memory_mb", "Most memory when predicting, MB"),
            Field("requirements.max_train_time", "Longest training of the chosen model"),
            Field("requirements.min_recall", "Least recall"),
            Field("requirements.min_precision", "Least precision"),
            Field(
                "requirements.explainable",
                "Explainable",
                "choice",
                (("", "need not be"), ("high", "high"), ("medium", "medium"), ("low", "low")),
            ),
            Field("requirements.simplest", "Prefer the simplest", "switch"),
        ),
    ),
)
# Further names that the form may hold: settings that stand at its head, and what is written beside them.
HEAD = {
    "project": "Project",
    "data.target": "Column to predict",
    "data.version": "Dataset version",
    "training.incremental": "Type",
    "training.base": "Version to learn on from",
}
KEYS = frozenset((*HEAD, *(one.key for group in GROUPS for one in group.fields)))


@dataclass(frozen=True)
class Formed:
    """What a form amounts to.

    Args:
        values: settings by key, as they were typed; empty ones are left out.
        settings: of the run, or None while something is wrong.
        yaml: the run as YAML, or "" while something is wrong.
        problems: field -> what is wrong with it; "yaml" for the text below, "" for what belongs to no field.
    """

    values: dict[str, str]
    settings: Settings | None
    yaml: str
    problems: dict[str, str] = field(default_factory=dict)


def formed(given: Mapping[str, str]) -> Formed:
    """Settings and YAML of a filled form; what is wrong stands beside its field.

    Args:
        given: by field; names that are no settings of the form are passed over, but for "yaml".

    Example:
        >>> print(formed({"data.target": "income", "training.epochs": "20"}).yaml)
        data:
          target: income
        training:
          epochs: 20
        <BLANKLINE>
        >>> formed({"training.epochs": "many"}).problems
        {'training.epochs': "epochs must be a whole number or auto, got 'many'"}
    """
    values = {key: text.strip() for key, text in given.items() if key in KEYS and text.strip()}
    if values.get("training.incremental", "false") == "false":
        values.pop("training.base", None)  # it says what an incremental training begins from
        values.pop("training.incremental", None)
    yaml = given.get("yaml", "").strip() or None
    problems: dict[str, str] = {}
    try:
        settings = client_settings(yaml, values)
        if settings.project is not None:
            check_project_name(settings.project)
        return Formed(values, settings, as_yaml(settings), problems)
    except UserError as error:
        problem = error
    tried = dict(values)
    while len(problems) < MOST_PROBLEMS:
        place, words = place_of(problem, tried, yaml)
        problems.setdefault(place, words)
        if place not in tried:
            break
        del tried[place]  # one after the other, so that each is told
        try:
            client_settings(yaml, tried)
            break
        except UserError as error:
            problem = error
    return Formed(values, None, "", problems)


def place_of(error: TrainwrightError, values: Mapping[str, str], yaml: str | None) -> tuple[str, str]:
    """The field that a message is about, and the message without the words that name it."""
    words = str(error).partition("; also wrong: ")[0]
    named = [key for key in ABOUT.findall(words) if key in values]
    if not named and "project" in words and "project" in values:
        named = ["project"]
    if not named:
        named = [key for key in values if key in words]
    plain = for_page(ABOUT.sub(r"\1", BEFORE.sub("", words)))
    if named:
        return named[0], plain
    return ("yaml" if yaml and "line " in words else ""), plain
