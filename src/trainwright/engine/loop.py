"""The training loop. What is settled before it begins is in `begin`, one step in `step`, the rest in files of its name.

while not over:
    for batch in batches:  rate, step, look
    judge, keep the best, decide whether to go on, write a checkpoint
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainwright.config.resolve import Choice
from trainwright.engine import health, judging, schedules
from trainwright.engine.batches import Source
from trainwright.engine.begin import begin
from trainwright.engine.diagnosis import ADVICE, Verdict, judge_gradients, judge_losses, remedy
from trainwright.engine.learner import Batch, Learner, Pace, tensors_of
from trainwright.engine.randomness import alone
from trainwright.engine.records import Report
from trainwright.engine.run import Metrics, Run, put
from trainwright.engine.runtime import Runtime
from trainwright.engine.schedules import Plateau
from trainwright.engine.settings import EngineSettings
from trainwright.engine.step import Step
from trainwright.engine.usage import Usage
from trainwright.errors import UserError

# Within a long epoch a checkpoint is written after so many seconds; when it is changes nothing in the result.
CHECKPOINT_SECONDS = 600.0


@dataclass(frozen=True)
class Fitted:
    """What a training came to; the learner holds the weights of the best epoch.

    Args:
        best_epoch: counted from 1; the last one where there are no validation rows; 0 when not even one was finished.
        epochs, steps: finished.
        history: a row per epoch: epoch, train_loss, validation_loss, metrics, rate.
        choices: what was settled before the start, each with its reason.
        stopped_because: in words.
        events: what happened beside the plan: {"kind", "step", "text", "advice": codes}.
    """

    best_epoch: int
    epochs: int
    steps: int
    history: list[dict[str, Any]]
    choices: dict[str, Choice]
    stopped_because: str
    events: list[dict[str, Any]]


def fit(
    learner: Learner,
    data: Source,
    settings: EngineSettings,
    *,
    validation: Source | None = None,
    report: Report | None = None,
    checkpoints: Path | None = None,
    runtime: Runtime | None = None,
    metrics: Metrics | None = None,
    stop: Callable[[], bool] | None = None,
) -> Fitted:
    """Trains a learner, and leaves it with the weights of its best epoch.

    Args:
        learner: the model; see `learner.Learner`. Its weights should be drawn within `randomness.alone`.
        data: the rows to learn from.
        settings: everything else.
        validation: rows that choose the best epoch and stop the training; without them the last epoch counts.
        report: told of choices, steps, epochs and notices as they come; see `records.Records`.
        checkpoints: a folder for them; a training that was killed goes on from the newest one, to the same weights
            bit by bit on a processor.
        runtime: the processes that take part; this one alone when not given.
        metrics: figures by name, from the answers to the validation rows in their order, (rows, ...) on the processor.
        stop: asked after each step; the epoch in progress is then dropped, so that finished epochs say what was done.

    Raises:
        UserError: the loss or the rows are no numbers before a single epoch was finished, or the checkpoints belong to
            another training.
        EnvironmentProblem: the device is not there, memory does not suffice for a single row, the disk is full.
    """
    with alone(settings.seed, threads=settings.threads, deterministic=settings.deterministic):
        run = begin(learner, data, settings, validation, report, checkpoints, runtime, metrics)
        loop = _Loop(run, checkpoints if settings.save_checkpoint else None, stop)
        learner.module.train()
        try:
            while run.state["stopped"] is None:
                if loop.epoch():
                    loop.end_of_epoch()
        except health.Broken as broken:
            loop.broken(broken)
        return _finish(run)


class _Loop:
    """The loop's own moves; everything that changes is in `run.state`, the weights and the optimiser."""

    def __init__(self, run: Run, folder: Path | None, stop: Callable[[], bool] | None):
        self._run, self._folder, self._stop = run, folder, stop
        self._step = Step(run)
        self._good, self._usage = health.GoodState(), Usage(run.numbers.device)
        if self._usage.lacks is not None:
            run.records.notice(self._usage.lacks)
        self._moves = not schedules.is_constant(run.settings)
        self._pace: Pace | None = getattr(run.learner, "pace", None)
        self._started = self._saved = time.monotonic()

    def epoch(self) -> bool:
        """The steps from here to the end of the epoch; False when it was stopped before."""
        run, settings, state = self._run, self._run.settings, self._run.state
        self._started = time.monotonic()
        self._usage.begin()
        self._unfreeze(state["epoch"] + 1)
        if run.watches and not self._good.serves(run):
            self._good.take(run)
        for batch in self._usage.watched(run.batches):
            number = state["step"] + 1
            log = number % settings.log_every == 0
            look = settings.health_every > 0 and number % settings.health_every == 0
            loss, count, norm = self._advance(batch, look=log or look)
            if number == 1:
                state["first_loss"] = loss / max(count, 1e-12)
            state["step"] = number
            state["loss"] += loss
            state["count"] += count
            if not math.isfinite(loss):
                raise health.Broken("loss")
            if norm is not None:
                self._look(norm, log=log, loss=loss / max(count, 1e-12), keep=look)
            if self._wants_checkpoint(number):
                self._save()
            if self._stop is not None and run.runtime.any(self._stop()):
                self._save()  # before it counts as stopped: who trains it again wants it to go on
                state["stopped"] = f"asked to stop at step {number}, within epoch {state['epoch'] + 1}"
                return False
        return True

    def end_of_epoch(self) -> None:
        """Judges the epoch, keeps the best, moves what follows the loss, and decides whether to go on."""
        run, settings, state = self._run, self._run.settings, self._run.state
        epoch = state["epoch"] + 1
        row: dict[str, Any] = {"epoch": epoch, "train_loss": state["loss"] / max(state["count"], 1e-12),
                               "validation_loss": None, "metrics": {}, "rate": run.rate}  # fmt: skip
        if run.validation is not None:
            row["validation_loss"], row["metrics"] = judging.judge(run)
        state["history"].append(row)
        if not math.isfinite(watched := _watched(row)):
            why = "its rows hold values that are none, or the answers ran away"
            text = f"the validation loss of epoch {epoch} is no number: {why}"
            _tell_once(run, Verdict("validation_no_number", text))
        _tell_once(run, judge_gradients(state["norms"]))
        standing = run.standing
        if run.validation is not None:
            standing = standing.after(epoch, _figure(row, settings), settings)
            state["standing"] = asdict(standing)
        if settings.scheduler == "plateau":  # under any other schedule its factor stays 1
            state["plateau"] = asdict(Plateau(**state["plateau"]).after(watched, settings))
        state.update(epoch=epoch, loss=0.0, count=0.0)
        run.batches.next_epoch()
        # Without validation rows the last finished epoch counts, which is not where a wish to stop finds the weights.
        last_counts = run.validation is None and (self._stop is not None or bool(run.best))
        if standing.best_epoch == epoch or last_counts:
            run.keep_best()
        run.records.epoch(row, seconds=time.monotonic() - self._started, used=self._usage.figures())
        if epoch == settings.keep_epoch:
            state["stopped"] = f"epoch {epoch} is the one to be kept"
        elif epoch >= settings.epochs:
            state["stopped"] = f"all {settings.epochs} epochs are done"
        elif standing.over(settings):
            waited = f"no better {settings.best_by} for {standing.waited} epochs"
            state["stopped"] = f"{waited}; epoch {standing.best_epoch} was best"
        due = epoch % settings.checkpoint_interval == 0 or state["stopped"] is not None
        if due and time.monotonic() - self._saved >= settings.checkpoint_pause:
            self._save()

    def broken(self, broken: health.Broken) -> None:
        """Names what broke; goes on with the best epoch, or says what to do when there is none.

        Raises:
            UserError: no epoch was finished.
        """
        run, state = self._run, self._run.state
        fault = health.locate(run, self._good, self._advance, last=state["step"], unfreeze=self._unfreeze)
        run.state = state
        # Gradients may all be numbers and their norm beyond the largest one.
        lost = {"loss": "the loss is no number", "gradient": "the gradient is too large to be measured"}
        where = f"at step {state['step']} {lost[broken.what]}" if fault is None else fault.text
        todo = "clean or impute the values of that input"
        if fault is None or fault.what != "input":
            todo = f"{remedy('lower_learning_rate', state['base_rate'])}, or set gradient_clip: 1.0"
        if not run.best:
            raise UserError(f"training broke down: {where}", remedy=todo)
        run.happened("not_a_number", f"training broke down: {where}; {todo}", advice=ADVICE["not_a_number"])
        state["stopped"] = f"{where}; the best epoch before it is kept"

    def _advance(self, batch: Batch, *, look: bool = False) -> tuple[float, float, float | None]:
        run, state = self._run, self._run.state
        if self._pace is not None:
            run.rate = self._pace(state["step"], run.total, run.optimizer)
        elif self._moves:
            factor = schedules.rate(state["step"], run.total, run.settings, run.batches.steps)
            run.set_rate(state["base_rate"] * factor * state["plateau"]["factor"])
        else:
            run.set_rate(state["base_rate"])
        return self._step(batch, look=look)

    def _look(self, norm: float, *, log: bool, loss: float, keep: bool) -> None:
        """What is done every few steps: the line of the log, and whether the gradients are numbers."""
        run, state = self._run, self._run.state
        if log:
            run.records.step(state["step"], loss, run.rate, norm)
        # In fp16 a gradient beyond its range is usual: the scaler leaves that step out and scales less.
        if not math.isfinite(norm) and run.scaler is None:
            raise health.Broken("gradient")
        state["norms"].append(norm)
        if keep and run.watches:
            self._good.take(run)

    def _unfreeze(self, epoch: int) -> None:
        unfreeze = getattr(self._run.learner, "unfreeze", None)
        if unfreeze is not None:
            unfreeze(epoch)

    def _wants_checkpoint(self, number: int) -> bool:
        if self._folder is None:
            return False
        every = self._run.settings.checkpoint_steps
        return (every is not None and number % every == 0) or time.monotonic() - self._saved > CHECKPOINT_SECONDS

    def _save(self) -> None:
        if self._folder is not None and self._run.runtime.writes:
            from trainwright.engine.checkpoint import save

            save(self._run, self._folder)
            self._saved = time.monotonic()


def _figure(row: dict[str, Any], settings: EngineSettings) -> float:
    """The figure that chooses the best epoch.

    Raises:
        UserError: `best_by` names no metric.
    """
    figures = {"loss": row["validation_loss"], **row["metrics"]}
    if settings.best_by not in figures:
        raise UserError(f"best_by must be one of {', '.join(figures)}; got {settings.best_by!r}")
    return float(figures[settings.best_by])


def _watched(row: dict[str, Any]) -> float:
    """The loss that decides: of validation rows, where there are any."""
    loss = row["train_loss"] if row["validation_loss"] is None else row["validation_loss"]
    return float(loss)


def _tell_once(run: Run, verdict: Verdict | None) -> None:
    if verdict is not None and verdict.code not in {event["kind"] for event in run.state["events"]}:
        run.happened(
            verdict.code, f"{verdict.text}; {remedy(verdict.advice[0], run.state['base_rate'])}", advice=verdict.advice
        )


def _finish(run: Run) -> Fitted:
    """Restores the best epoch's weights and sums up."""
    state = run.state
    if run.best:
        put(tensors_of(run.learner.module), run.best)
    run.learner.module.eval()
    learned, held = ([row[name] for row in state["history"]] for name in ("train_loss", "validation_loss"))
    _tell_once(run, judge_losses(learned, begin=state["first_loss"], held=held))
    best = run.standing.best_epoch if run.validation is not None else state["epoch"]
    return Fitted(best, state["epoch"], state["step"], state["history"], run.choices, state["stopped"], state["events"])
