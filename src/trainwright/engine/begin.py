"""What is settled before the first step: device, precision, batches, memory, learning rate, and where to go on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from trainwright.config.resolve import Choice
from trainwright.data.limits import readable
from trainwright.engine import memory, precision, rate_finder
from trainwright.engine.batches import Reading, Source
from trainwright.engine.learner import Batch, Learner, tensors_of
from trainwright.engine.optimizers import build
from trainwright.engine.randomness import derived, global_state, set_global_state
from trainwright.engine.records import Records, Report
from trainwright.engine.run import Metrics, Run, Tensors, copy_into, first_state, put
from trainwright.engine.runtime import Runtime, Single
from trainwright.engine.settings import EngineSettings
from trainwright.engine.step import Step
from trainwright.errors import UserError

# Of the memory that is there, what rows held on a device may take.
ROWS_SHARE = 0.3
# Validation rows are judged in larger batches, as far as they would not keep more than so much for a backward pass.
JUDGED_ROWS, JUDGED_BYTES = 4096, 64 * 1024**2


def begin(
    learner: Learner,
    data: Source,
    settings: EngineSettings,
    validation: Source | None,
    report: Report | None,
    folder: Path | None,
    runtime: Runtime | None,
    metrics: Metrics | None,
) -> Run:
    """A run ready for its next step: the first, or the one after the newest checkpoint. See `loop.fit`."""
    if not len(data):
        raise UserError("there is no row to learn from")
    module = learner.module
    runtime = runtime or Single()
    if len(data) < runtime.world:
        raise UserError(f"{len(data)} rows cannot be shared by {runtime.world} processes; start fewer of them")
    rows = min(settings.step_rows * runtime.world, len(data))
    steps = -(-len(data) // rows) * settings.epochs
    numbers = precision.choose(settings, module, steps=steps)
    module.to(numbers.device).train()
    choices = {**numbers.choices, "deterministic": _repeats(settings)}
    if settings.gradient_checkpointing:
        choices["gradient_checkpointing"] = _recompute(module)
    if choices["compile"].value == "on":
        module.compile()
    runtime.begin(module)
    free = _free(numbers.device, runtime)
    room = None if free is None else int(ROWS_SHARE * free)
    reading = Reading(rows, numbers.device, settings.seed, True, settings.workers, room, runtime.rank, runtime.world)
    batches = data.batches(reading)
    choices["rows"] = batches.choice
    fixed = settings.learning_rate if isinstance(settings.learning_rate, float | int) else rate_finder.USUAL
    run = Run(
        learner=learner,
        settings=settings,
        numbers=numbers,
        runtime=runtime,
        batches=batches,
        validation=None,
        metrics=metrics,
        optimizer=build(learner, settings, fixed),
        scaler=numbers.scaler(),
        records=Records(report if runtime.writes else None, total=steps, epochs=settings.epochs),
        choices=choices,
        state=first_state(fixed, min(settings.batch_size, -(-rows // runtime.world)), settings.rate_reason),
    )
    most = memory.standing(module, settings, copies=int(validation is not None))
    most = memory.bound(most, module, batches.heaviest(1))
    run.need = _need(run, most, free)
    choices["health"] = _watch(run, free)
    choices["batch_size"] = _batch(run, free)
    if validation is not None and len(validation):
        # By the widths, also where more is known: sums come out alike whatever memory is free.
        size = max(settings.batch_size, min(JUDGED_ROWS, int(JUDGED_BYTES / max(most.per_row, 1.0))))
        run.validation = validation.batches(replace(reading, size=size * runtime.world, shuffle=False, workers=0))
    _go_on(run, folder)
    choices["learning_rate"] = Choice(run.state["base_rate"], run.state["rate_reason"])
    run.records.choices(choices)
    return run


def _free(device: torch.device, runtime: Runtime) -> int | None:
    """Bytes that each process may still take: the least of all, so that they plan alike."""
    free = memory.available(device)
    if free is not None and device.type == "cpu":
        free //= runtime.here
    known = [found for found in runtime.gathered(free) if found is not None]
    return min(known, default=None)


def _go_on(run: Run, folder: Path | None) -> None:
    """Takes up the newest checkpoint; without one, settles the rate and seeds the draws of the training."""
    if folder is not None:
        from trainwright.engine.checkpoint import resume

        resumed = resume(run, folder)
        if len(set(run.runtime.gathered((resumed, run.state["step"])))) > 1:
            raise UserError(
                f"not all processes find the same checkpoint in {folder}",
                remedy="name a folder on a disk that all of them see",
            )
        if resumed:
            unfreeze = getattr(run.learner, "unfreeze", None)
            if unfreeze is not None:
                for epoch in range(1, run.state["epoch"] + 1):
                    unfreeze(epoch)
            run.records.notice(f"goes on after step {run.state['step']} of {run.total}, from the checkpoint there")
            return
    if run.settings.learning_rate == "auto":
        choice = _find_rate(run)
        run.state |= {"base_rate": float(choice.value), "rate_reason": choice.reason}
    # Nothing that was measured before has a say in what is drawn from here on.
    torch.manual_seed(derived(run.settings.seed, "training"))


def _need(run: Run, most: memory.Need, free: int | None) -> memory.Need:
    """What the training needs: at most, where that is far below what is there; else by two small micro-batches."""
    plenty = free is not None and _with_watch(run, most).of(run.state["micro"]) <= memory.PLENTY * free
    if all(run.runtime.gathered(plenty)):
        return most

    def loss(batch: Batch) -> Tensor:
        with run.numbers.autocast():
            return run.learner.loss(batch)[0]

    batch = run.batches.heaviest(min(run.state["micro"], memory.MEASURED))
    need = memory.measure(most, loss, run.learner.module, batch)
    # Processes that read different rows plan for the heaviest of them.
    told = run.runtime.gathered((need.fixed, need.per_row))
    return replace(need, fixed=max(fixed for fixed, _ in told), per_row=max(per_row for _, per_row in told))


def _watch(run: Run, free: int | None) -> Choice:
    """How gradients are watched; what that keeps in memory must not make batches smaller."""
    every = run.settings.health_every
    with_copy = _with_watch(run, run.need)
    kept = with_copy.copies - run.need.copies
    run.watches = every > 0 and (free is None or with_copy.of(run.state["micro"]) <= memory.SAFE * free)
    if run.watches:
        run.need = with_copy
        return Choice(every, f"every {every} steps gradients are looked at, and a copy of {readable(kept)} is kept")
    if every:
        return Choice(every, f"gradients are looked at; {readable(kept)} for a copy to name layers by are not free")
    return Choice(every, "asked for: only the loss is looked at")


def _with_watch(run: Run, need: memory.Need) -> memory.Need:
    """The need together with a copy of the last good state."""
    return replace(need, copies=need.copies + (1 + memory.STATES[run.settings.optimizer]) * need.weights)


def _batch(run: Run, free: int | None) -> Choice:
    """Rows of a step and of a micro-batch; fewer of the latter where memory would not hold them.

    Raises:
        EnvironmentProblem: not even one row fits.
    """
    settings, need, rows = run.settings, run.need, run.batches.reading.size
    asked, world = run.state["micro"], run.runtime.world
    micro = asked
    if free is not None:
        micro = need.rows_within(int(memory.SAFE * free), asked)
        if micro == 0:
            raise memory.too_large(need, free, when="memory will not do:", shorter=run.batches.shorter())
    run.state["micro"] = micro
    why = f"needs {readable(need.of(micro))}" + ("" if free is None else f" of {readable(free)} free")
    if not need.measured and free is not None:
        why = f"needs at most {readable(need.of(micro))} by the widths of its layers, and {readable(free)} are free"
    if rows < settings.step_rows * world:
        few = f"all {rows} rows to learn from, fewer than the {settings.step_rows * world} asked for"
        run.records.notice(f"batch_size: {few}: an epoch is a single step")
        why = f"{few}; {why}"
    if micro < asked:
        why = f"taken in parts of {micro} whose gradients are added up, since {asked} at a time need "
        why += f"{readable(need.of(asked))} and {readable(free or 0)} are free"
        run.happened("small_memory", f"a step of {rows} rows is {why}")
    elif micro * world < rows:
        why = f"in parts of {micro} whose gradients are added up; {why}"
    if world > 1:
        why = f"shared by {world} processes; {why}"
    return Choice(rows, why)


def _repeats(settings: EngineSettings) -> Choice:
    """What may be expected of a second training, and what may not."""
    if not settings.deterministic:
        return Choice(False, "asked for: the fastest algorithms; a second training may differ from the first digits on")
    where = "the same device, number of threads and version of torch"
    return Choice(True, f"the same numbers again on {where}; elsewhere sums may round otherwise and grow apart")


def _recompute(module: nn.Module) -> Choice:
    for inner in module.modules():
        enable = getattr(inner, "gradient_checkpointing_enable", None)
        if enable is not None:
            enable(gradient_checkpointing_kwargs={"use_reentrant": False})
            return Choice(True, "asked for: activations are computed twice, about a third more time")
    return Choice(False, "asked for, but this network has no blocks that could be computed twice")


def _find_rate(run: Run) -> Choice:
    """The range test on the real weights, which are put back together with the random state."""
    places = tensors_of(run.learner.module)
    before: Tensors = {}
    copy_into(before, places)
    drawn = global_state()
    torch.manual_seed(derived(run.settings.seed, "range test"))
    trial = replace(
        run,
        optimizer=build(run.learner, run.settings, rate_finder.LOWEST),
        scaler=run.numbers.scaler(),
        state=first_state(rate_finder.LOWEST, run.state["micro"]),
    )
    step = Step(trial)

    def take(batch: Batch, rate: float) -> float:
        trial.set_rate(rate)
        loss, count, _ = step(batch)
        return loss / max(count, 1e-12)

    try:
        return rate_finder.find(run.batches, take)
    finally:
        put(places, before)
        set_global_state(drawn)
        run.state["micro"] = trial.state["micro"]
        run.state["events"] += trial.state["events"]
