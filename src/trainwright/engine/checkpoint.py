"""Checkpoints: everything a training needs to go on exactly, written whole or not at all.

A checkpoint is a folder `epoch-0003-step-000120` with `weights.safetensors`, `training.safetensors` (the optimiser's
memory, random states, the best epoch's weights) and `checkpoint.json` (the rest, the SHA-256 of both files, and its
own). It is written under a temporary name, brought to the disk, and then renamed: a name means complete content.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from trainwright.engine.run import Run, part
from trainwright.errors import UserError
from trainwright.store.files import sync
from trainwright.store.problems import storage_problems

FORMAT = 1
FACTS, WEIGHTS, TRAINING = "checkpoint.json", "weights.safetensors", "training.safetensors"
# Settings that do not change what is learned, or only where and how it is computed.
FREE = frozenset(("log_every", "health_every", "workers", "save_checkpoint", "checkpoint_interval", "checkpoint_pause",
                  "checkpoint_steps", "checkpoints_kept", "threads", "device", "precision", "compile",
                  "gradient_checkpointing", "deterministic"))  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """A checkpoint on disk.

    Args:
        path: its folder.
        epoch, step: finished epochs and steps.
        row: of the history, at its last finished epoch, or None.
        best: it was the best epoch so far.
        resumable: a training can go on from it; older ones keep their weights alone.
    """

    path: Path
    epoch: int
    step: int
    row: dict[str, Any] | None
    best: bool
    resumable: bool


def save(run: Run, folder: Path) -> Path:
    """Writes a checkpoint of the present moment, then removes older ones beyond those kept.

    Raises:
        EnvironmentProblem: the disk is full or cannot be written; earlier checkpoints stay as they are.
    """
    tensors, facts = run.capture()
    state = run.state
    name = f"epoch-{state['epoch']:04d}-step-{state['step']:08d}"
    temporary = folder / f".{name}.{os.getpid()}"
    weights = part(tensors, "weights")
    rest = {key: value for key, value in tensors.items() if not key.startswith("weights/")}
    if not is_best(facts):
        rest |= {f"best/{key}": value for key, value in run.best.items()}
    document = {"format": FORMAT, **facts, "belongs": belongs(run)}
    needed = sum(tensor.nbytes for tensor in (*weights.values(), *rest.values()))
    with storage_problems(folder, needed=needed):
        try:
            temporary.mkdir(parents=True)
            document["files"] = {
                WEIGHTS: _write(temporary / WEIGHTS, weights),
                TRAINING: _write(temporary / TRAINING, rest),
            }
            (temporary / FACTS).write_text(_sealed(document))
            for path in (temporary / FACTS, temporary):
                sync(path)
            shutil.rmtree(folder / name, ignore_errors=True)
            temporary.rename(folder / name)
            sync(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    _thin(folder, run.settings.checkpoints_kept)
    return folder / name


def resume(run: Run, folder: Path) -> bool:
    """Takes up the newest checkpoint that is whole; False when there is none.

    Args:
        run: freshly made, as at the start of the training.
        folder: where its checkpoints lie.

    Raises:
        UserError: the checkpoints belong to another training.
    """
    damaged: list[str] = []
    for path in _folders(folder):
        try:
            facts = read_facts(path)
            if not (path / TRAINING).exists():
                continue  # kept for its weights alone
            tensors = _read(path, facts, WEIGHTS, "weights/") | _read(path, facts, TRAINING, "")
        except UserError as error:
            damaged.append(f"{error.problem}; the one before it is used")
            continue
        _refuse_foreign(path, facts["belongs"], belongs(run))
        run.restore(tensors, facts)
        _tell(run, damaged)
        run.best.clear()
        run.best.update(part(tensors, "best"))
        if run.standing.best_epoch and not run.best:
            run.keep_best()
        return True
    _tell(run, damaged)
    return False


def _tell(run: Run, damaged: list[str]) -> None:
    for text in damaged:
        run.happened("damaged_checkpoint", text)


def belongs(run: Run) -> dict[str, Any]:
    """What a checkpoint must agree with to be gone on from."""
    settings = {key: value for key, value in run.settings.to_json().items() if key not in FREE}
    shapes = {name: list(t.shape) for name, t in part(run.capture()[0], "weights").items()}
    digest = hashlib.sha256(json.dumps(shapes, sort_keys=True).encode()).hexdigest()
    judged = None if run.validation is None else run.validation.rows
    found = {"settings": settings, "rows": run.batches.rows, "validation": judged, "weights": digest}
    return found if run.runtime.world == 1 else {**found, "world": run.runtime.world}


def listed(folder: Path) -> list[Listed]:
    """The checkpoints of a folder, the newest first; damaged ones are left out."""
    found = []
    for path in _folders(folder):
        try:
            facts = read_facts(path)
        except UserError:
            continue
        state = facts["state"]
        row = state["history"][-1] if state["history"] else None
        best = bool(row) and is_best(facts)
        found.append(Listed(path, state["epoch"], state["step"], row, best, (path / TRAINING).exists()))
    return found


def weights(path: Path) -> dict[str, Tensor]:
    """The weights of a checkpoint, to evaluate or promote it.

    Raises:
        UserError: it was cut short or changed.
    """
    return _read(path, read_facts(path), WEIGHTS, "")


def read_facts(path: Path) -> dict[str, Any]:
    """The document of a checkpoint.

    Raises:
        UserError: it was cut short or changed.
    """
    try:
        document: dict[str, Any] = json.loads((path / FACTS).read_text())
        seal = document.pop("sha256")
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise _damaged(path, FACTS, "it cannot be read") from error
    if seal != _digest(document):
        raise _damaged(path, FACTS, "its content is not what was written")
    return document


def _read(path: Path, facts: Mapping[str, Any], name: str, prefix: str) -> dict[str, Tensor]:
    try:
        with (path / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _damaged(path, name, "it cannot be read") from error
    if found != facts["files"][name]:
        raise _damaged(path, name, "it was cut short or changed")
    return {f"{prefix}{key}": tensor for key, tensor in load_file(path / name).items()}


def _damaged(path: Path, name: str, why: str) -> UserError:
    return UserError(f"the checkpoint {path.name} in {path.parent} is damaged: {name}: {why}")


def _refuse_foreign(path: Path, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    if theirs == ours:
        return
    then, now = theirs["settings"], ours["settings"]
    told = [f"{key} {then.get(key)!r}, now {now[key]!r}" for key in now if then.get(key) != now[key]]
    for name, words in (("rows", "rows"), ("validation", "validation rows")):
        if theirs[name] != ours[name]:
            told.append(f"{theirs[name] or 'no'} {words}, now {ours[name] or 'none'}")
    if theirs["weights"] != ours["weights"]:
        told.append("another network")
    if theirs.get("world", 1) != ours.get("world", 1):
        told.append(f"{theirs.get('world', 1)} processes, now {ours.get('world', 1)}")
    raise UserError(
        f"the checkpoint {path.name} in {path.parent} belongs to another training ({'; '.join(told)})",
        remedy="go on with the same settings and rows, or begin anew in another folder",
    )


def _folders(folder: Path) -> list[Path]:
    """The folders of checkpoints, the newest first."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.is_dir() and path.name.startswith("epoch-")]
    return sorted(found, key=lambda path: (int(path.name.rpartition("-")[2]), path.name), reverse=True)


def _thin(folder: Path, kept: int) -> None:
    """Removes all but the latest checkpoints and that of the best epoch, of which the weights stay; whatever an
    attempt that was killed has left goes too."""
    for path in folder.glob(".epoch-*"):
        shutil.rmtree(path, ignore_errors=True)
    best = next((found.path for found in listed(folder) if found.best), None)
    for path in _folders(folder)[kept:]:
        if path == best:
            (path / TRAINING).unlink(missing_ok=True)
        else:
            shutil.rmtree(path, ignore_errors=True)


def _write(path: Path, tensors: Mapping[str, Tensor]) -> str:
    """Writes tensors and returns the file's SHA-256."""
    save_file({name: _plain(tensor) for name, tensor in tensors.items()}, path)
    sync(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(tensor: Tensor) -> Tensor:
    """The tensor on the processor, contiguous and with a storage of its own."""
    tensor = tensor.detach()
    own = tensor.is_contiguous() and tensor.untyped_storage().nbytes() == tensor.nbytes
    return tensor.cpu() if own else tensor.to("cpu", copy=True, memory_format=torch.contiguous_format)


def _sealed(document: Mapping[str, Any]) -> str:
    return json.dumps({**document, "sha256": _digest(document)}, sort_keys=True, indent=1)


def _digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def is_best(facts: Mapping[str, Any]) -> bool:
    """The weights of this moment are those of the best epoch: it ended with that one, and no step followed."""
    state = facts["state"]
    return state["epoch"] > 0 and state["standing"]["best_epoch"] == state["epoch"] and not facts["batches"]["position"]
