"""What to do about an error, in words of this surface: pages and REST, where commands and flags are of no use.

Errors come from the library, whose remedies name the command line. Here a flag becomes its setting, and a command the
page or the request that does the same; whatever is left is marked as a command for the server's own machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, partial
from typing import Any

# Flags of `trainwright serve`: whoever runs the server reads about them, nobody else could act.
SERVERS = frozenset(
    {"--max-upload", "--allow-host", "--no-login", "--host", "--port", "--workers", "--workspace", "--upgrade"}
)
FLAG = re.compile(r"(?<![\w-])--(no-)?([a-z][a-z0-9]*(?:-[a-z0-9]+)*)")
# A decision takes them by these names; as settings of a run they would be called otherwise.
OWN = {name: name[2:].replace("-", "_") for name in ("--decision", "--min-precision", "--min-recall")}

# Of a command that stands bare in a sentence, what still belongs to it: flags with values, and WORDS to be filled in.
MORE = r"((?: --?[a-z][\w-]*(?: (?!--)[^\s;,)`]+)?| [A-Z][A-Z.]*(?:\.csv)?(?![a-z]))*)"
NAME, VERSION = r"(?P<project>[\w.-]+)", r"(?P<project>[\w.-]+?)@(?P<version>v\w+)"
RUN = r"(?P<run>\w+)"
# What is written of the command line, what it is on the pages, what it is in REST.
COMMANDS = (
    (r"(?:runs|jobs) list", "the page Jobs", "GET /api/v1/jobs"),
    (rf"(?:runs|jobs) (?:show|watch) {RUN}", "the page of job {run}", "GET /api/v1/jobs/{run}"),
    (rf"jobs cancel {RUN}", "Cancel on the page of job {run}", "POST /api/v1/jobs/{run}/cancel"),
    (rf"(?:runs resume|jobs retry) {RUN}", "Try again on the page of job {run}", "POST /api/v1/jobs/{run}/retry"),
    (r"runs resume", "Try again on the page of the job", "POST /api/v1/jobs/RUN/retry"),
    (r"schedule list", "Settings, Schedules", "GET /api/v1/schedules"),
    (rf"versions list {NAME}", "the page Versions of {project}", "GET /api/v1/projects/{project}/versions"),
    (
        rf"versions activate {VERSION}",
        "Activate on the page of {version}",
        "POST /api/v1/projects/{project}/versions/{version}/activate",
    ),
    (rf"decide {VERSION}", "Threshold on its page", "POST /api/v1/projects/{project}/versions/{version}/decisions"),
    (
        rf"learning-curve {VERSION}",
        "“Measure with fewer rows” on the page of {version}",
        "POST /api/v1/projects/{project}/versions/{version}/learning-curve",
    ),
    (
        rf"stability {VERSION}",
        "“Measure with other seeds” on the page of {version}",
        "POST /api/v1/projects/{project}/versions/{version}/stability",
    ),
    (r"data list", "the page New training", "GET /api/v1/projects"),
    (r"(?:runs )?report", "the report on the page of the job", "GET /api/v1/runs/RUN/report"),
    (r"inspect", "the look at the table under New training", "POST /api/v1/examine"),
    (r"predict", "Test on the page of the version", "POST /api/v1/projects/PROJECT/predict"),
    (r"config schema", "the guidance beside each field", "GET /api/v1/openapi.json"),
    (r"train", "a new training", "POST /api/v1/jobs"),
)


def for_page(text: str) -> str:
    """The text for a person at the pages.

    Example:
        >>> for_page("name the column to predict with --target")
        'name the column to predict with “Column to predict”'
        >>> for_page("see `trainwright jobs show 7`")
        'see the page of job 7'
    """
    return FLAG.sub(_field, _commands(text, 0))


def for_rest(text: str) -> str:
    """The text for a program that uses REST.

    Example:
        >>> for_rest("name the column to predict with --target")
        'name the column to predict with data.target'
        >>> for_rest("see `trainwright versions list adult`")
        'see GET /api/v1/projects/adult/versions'
        >>> for_rest("`trainwright gallery list` shows them")
        '`trainwright gallery list` (on the server) shows them'
    """
    return FLAG.sub(_key, _commands(text, 1))


def told(findings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Findings as REST gives them."""
    return [{**one, "remedy": for_rest(one["remedy"])} if one.get("remedy") else dict(one) for one in findings]


def _commands(text: str, column: int) -> str:
    for pattern, *words in COMMANDS:
        for found in (rf"`trainwright {pattern}(?P<more>[^`]*)`", rf"(?<!`)trainwright {pattern}\b(?P<more>{MORE})"):
            text = re.sub(found, partial(_filled, words[column]), text)
    return re.sub(r"(`trainwright [^`]*`)(?! \(on)", r"\1 (on the server)", text)


def _filled(words: str, match: re.Match[str]) -> str:
    named = {key: value for key, value in match.groupdict().items() if key != "more"}
    # What the command was given beside is still wanted: the settings of a training, what a decision is made for.
    more = match["more"].replace("--json", "")
    given = FLAG.search(more)
    return words.format(**named) + (f" ({more[given.start() :].strip()})" if given else "")


def _key(match: re.Match[str]) -> str:
    flag = f"--{match[2]}"
    if match[0] in SERVERS or flag in SERVERS:
        return match[0]
    key = OWN.get(flag) or _keys().get(flag) or match[2].replace("-", "_")
    return f"{key} false" if match[1] else key


def _field(match: re.Match[str]) -> str:
    key = _key(match)
    label = _labels().get(key)
    return key if label is None else f"“{label}”"


@cache
def _keys() -> dict[str, str]:
    from trainwright.config.flags import flags

    return {flag.name: flag.key for flag in flags()}


@cache
def _labels() -> dict[str, str]:
    from trainwright.web.training_form import GROUPS, HEAD

    return HEAD | {one.key: one.label for group in GROUPS for one in group.fields}
