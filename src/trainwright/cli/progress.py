"""What `train` shows: what was understood, how far it is and how long it still takes, and what came out."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from trainwright.cli import output
from trainwright.cli.check_outcomes import unseen
from trainwright.cli.search_progress import SearchScreen
from trainwright.config.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainwright.data.checks import Finding
    from trainwright.store.events import Event
    from trainwright.training.prepared import Prepared

# The first screen of `train` has at most 25 lines; findings and candidates beyond these are counted.
FINDINGS, NOTES = 4, 2
# Notes that change what the user asked for, or how the result must be read.
SAID = (
    "base_has_seen", "files_left_out", "without_effect", "accuracy_of_rare_classes", "metric_for_costs",
    "target_missing", "task", "corrected_labels",
)  # fmt: skip
CANDIDATES = 5
# What a network tells while it learns: shown of the first fold, for networks that were asked for by name. What it
# chose is shown for every one.
LOOP = ("epoch", "step", "notice")
# What an incremental training says before it starts, by the code of the note.
LEARNS_ON = {"incremental": "base", "recommendation": "advice", "classes_added": "note", "unknown_values": "note"}


def _told(findings: Sequence[Finding]) -> list[Finding]:
    """The few that the first screen shows: no notes, the most severe first, and each column once."""
    told: list[Finding] = []
    named: set[str] = set()
    for finding in findings:
        if finding.severity != "note" and (not finding.columns or not named.issuperset(finding.columns)):
            told.append(finding)
            named.update(finding.columns)
    return told[:FINDINGS]


class Screen:
    """Progress on a terminal as a moving line, elsewhere as a line per finished trial; nothing when quiet."""

    def __init__(self, *, quiet: bool, started: float):
        self._quiet = quiet
        self._started = started
        self._live = not quiet and sys.stdout.isatty()
        self._progress: Any = None
        self._bar: Any = None
        self._planned: dict[str, int] = {}
        self._done: dict[str, list[float]] = {}
        self._asked: set[str] = set()
        self._chose: set[str] = set()
        self._limit = 120.0
        self._searching = SearchScreen(say=self._line)

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def stage(self, words: str) -> None:
        """Says which step begins, on a terminal only."""
        if self._live:
            self._status(words)

    def within(self, seconds: float) -> None:
        """The time limit, for a run that is prepared without telling about its table."""
        self._limit = seconds

    def prepared(self, prepared: Prepared) -> None:
        """What was understood: rows, target, task, split, time."""
        if self._quiet:
            return
        table, split = prepared.table, prepared.split
        target = table.target
        self._limit = float((prepared.run.settings or {})["training"]["time_limit"] or 120.0)
        if target.task == "number":
            what = "a number"
        elif target.positive is not None:
            what = f"2 classes, positive: {target.positive}"
        else:
            what = f"{len(target.classes)} classes"
        kinds: dict[str, int] = {}
        for column in table.schema.features:
            kinds[column.kind.value] = kinds.get(column.kind.value, 0) + 1
        words = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
        sizes = split.n_rows
        rows = prepared.dataset_rows or table.frame.height
        folds = f"{len(split.folds)} folds" if len(split.folds) > 1 else "one validation part"
        self._line(f"project {prepared.project.name}, dataset d{prepared.dataset_number}: {rows:,} rows")
        self._line(f"target  {target.column} ({what})")
        self._line(f"columns {len(table.schema.features)} features: {words}")
        self._line(
            f"split   {sizes['train']:,} train / {sizes['validation']:,} validation / "
            f"{sizes['test']:,} sealed test; {folds}"
        )
        for reason in split.reason:
            if "rough check" in reason or "left out" in reason or "No test part" in reason:
                self._line(f"        {reason}")
        self._line(f"time    at most {format_duration(self._limit)}")
        for code, word in LEARNS_ON.items():
            for note in [n for n in table.notes if n.code == code]:
                self._line(f"{word:7} {note.message}")
        for note in [n for n in table.notes if n.code in SAID][:NOTES]:
            self._line(f"note    {note.message}")
        found = prepared.findings.findings
        told = _told(found)
        for finding in told:
            self._line(f"{finding.severity:7} {finding.code} {finding.message}")
        rest = len(found) - len(told)
        if found:
            more = f"{rest} more {'finding' if rest == 1 else 'findings'}, and what to do," if rest else "what to do"
            self._line(f"        {more} {'stand' if rest else 'stands'} in the report and in `trainwright inspect`")
        for line in unseen([outcome.to_json() for outcome in prepared.findings.outcomes]):
            self._line(line)

    def event(self, event: Event) -> None:
        """Takes an event of the run."""
        if self._quiet:
            return
        data = event.data or {}
        if event.kind == "plan":
            self._planned = {step["name"]: data["folds"] for step in data["steps"]}
            self._asked = {step["name"] for step in data["steps"] if step.get("reason") == "asked for by name"}
            for reason in data.get("too_long") or []:
                self._line(f"  {reason}; give more time (--time-limit)")
        elif event.kind == "choice" and data.get("fold") == 0:
            line = f"  {data['trial']} chose {event.message}"
            if line not in self._chose:  # further seeds choose the same once more
                self._chose.add(line)
                self._line(line)
        elif event.kind in LOOP and data.get("trial") in self._asked:
            if self._live:
                self._status(f"{data['trial']}, fold {data.get('fold', 0) + 1}: {event.message}")
            elif data.get("fold") == 0:
                self._line(f"  {data['trial']}, first fold: {event.message}")
        elif event.kind == "fold":
            scores = self._done.setdefault(data["trial"], [])
            scores.append(data["score"])
            if len(scores) == data["folds"] and not self._live:
                known = [score for score in scores if score is not None]
                mean = f"{sum(known) / len(known):.4f}" if known else "cannot be measured"
                self._line(f"  {data['trial']:22} {data['metric']} {mean}  ({self._elapsed()})")
        elif event.kind == "trial_failed":
            self._line(f"  {data['trial']} failed and is left out: {data['error']}")
        elif event.kind in ("search", "search_trial", "search_done"):
            self._searching.event({"kind": event.kind, **data})
        elif event.kind == "cut":
            self._line(f"  {data['trial']} is left out: the time limit is near")
        if self._live and event.kind in ("fold", "fold_started", "stage", "refit_started"):
            self._status(self._words(event.kind, data))

    def result(self, document: dict[str, Any]) -> None:
        """The leaderboard in short, the verdict, and what to do next."""
        if self._quiet:
            return
        from trainwright.evaluate.as_chosen import corrected

        metric = document["metric"]
        rows = document["leaderboard"]
        self._line("")
        shown = [row for row in rows[:CANDIDATES] if row.get("role") != "present"]
        shown += [row for row in rows if row.get("role") == "present"]
        for row in shown:
            mark = "*" if row["name"] == document["selected"] else " "
            value, spread = row["metrics"][metric], row["std"]
            shown_value = "-" if value is None or value != value else f"{value:.4f}"
            spread = f" ± {spread:.4f}" if spread is not None and spread == spread else ""
            self._line(f"{mark} {row['name']:22} {metric} {shown_value}{spread}  {row['verdict']}")
        if len(rows) > len(shown):
            self._line(f"  and {len(rows) - len(shown)} more in the report")
        if flattered := corrected(document):
            self._line(flattered)
        self._line("")
        for finding in document["findings"]:
            if finding["code"] == "TW304" and finding["severity"] == "warning":  # known only after the training
                self._line(f"warning TW304 {finding['message']}")
        from trainwright.evaluate import ensemble_words
        from trainwright.evaluate.asked_words import passed_over
        from trainwright.evaluate.deciding.words import told as words_of_decision
        from trainwright.evaluate.incremental_words import learned_on
        from trainwright.evaluate.interval_words import beside_numbers
        from trainwright.evaluate.reliability import told
        from trainwright.evaluate.sections import weak_columns
        from trainwright.training.asked_for import lacking

        for line in lacking(document):
            self._line(f"warning {line}")
        if words := ensemble_words.told(document.get("ensemble")):
            self._line(words)
        if words := weak_columns.said(document.get("selection")):
            self._line(words)
        if words := told(document.get("reliability")):
            self._line(words)
        for line in beside_numbers(document):
            self._line(line)
        for line in learned_on(document.get("incremental")):
            self._line(line)
        for line in words_of_decision(document.get("operating_point")):
            self._line(line)
        self._line(document["verdict"])
        if words := passed_over(document):
            self._line(words)
        name = document["project"]
        label = f"{name}@{document['version']}" if document["version"] else name
        waiting = document["version"] and document.get("active") != document["version"]
        if waiting and document.get("active"):
            self._line(f"{document['active']} stays active until {document['version']} is activated.")
        elif waiting:  # the first version, where a server asks for a second person
            self._line(f"No version answers until {document['version']} is activated.")
        if document["version"]:
            self._line(f"  trainwright report {label} --open")
            self._line(f"  trainwright predict {label} NEW.csv -o predictions.csv")
            self._line(f"  trainwright versions {f'activate {label}' if waiting else f'list {name}'}")
        else:
            tried = document.get("iteration")
            if tried:
                self._line(f"dropped: {tried['reason']}")
            else:
                self._line("  a rehearsal makes no version; train again without --sample for one")

    def _words(self, kind: str, data: dict[str, Any]) -> str:
        if kind == "stage":
            return f"evaluating: {data['stage']}"
        if kind == "refit_started":
            return f"refitting {data['trial']} on all development rows"
        total = sum(self._planned.values()) or 1
        done = sum(len(scores) for scores in self._done.values())
        return f"{data['trial']}: {done} of {total} fits done"

    def _status(self, words: str) -> None:
        """Moves the line with time gone and time remaining."""
        if self._progress is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            self._progress = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[clock]}", markup=False),
                console=Console(),
                transient=True,
            )
            self._bar = self._progress.add_task("", total=1.0, clock="")
            self._progress.start()
        total = sum(self._planned.values())
        done = sum(len(scores) for scores in self._done.values())
        gone = time.time() - self._started
        share = 0.9 * done / total if total else 0.0
        left = max(0.0, self._limit - gone)
        if share > 0.1:
            left = min(left, gone / share - gone)
        clock = f"{format_duration(gone)} gone, about {format_duration(left)} left"
        self._progress.update(self._bar, description=output.clean(words), completed=share, clock=clock)

    def _elapsed(self) -> str:
        return format_duration(time.time() - self._started)

    def _line(self, text: str) -> None:
        if self._progress is not None:
            self._progress.console.print(output.clean(text), markup=False, highlight=False, soft_wrap=True)
        else:
            output.say(text)
