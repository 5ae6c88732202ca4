"""Micro-batches give the large batch's gradient; out of memory changes how a step is taken, not what it learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from engine_data import Classifier, Tagger, Words, network, rows, same, texts, weights
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from trainwright.engine import memory
from trainwright.engine.batches import Held
from trainwright.engine.learner import Batch, rows_of
from trainwright.engine.loop import Fitted, fit
from trainwright.engine.memory import Need
from trainwright.engine.randomness import alone
from trainwright.engine.settings import EngineSettings
from trainwright.errors import EnvironmentProblem

WHOLE = EngineSettings(epochs=3, batch_size=16, learning_rate=0.1, optimizer="sgd", gradient_clip=0.5)
PARTS = replace(WHOLE, batch_size=4, accumulation=4)


def close(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    """Equal up to the order in which sums are rounded."""
    return all(torch.allclose(left[name], right[name], rtol=1e-4, atol=1e-6) for name in left)


def trained(settings: EngineSettings, *, weighted: bool = False, dropout: float = 0.0, most: Any = None) -> Any:
    learner = Classifier(network(dropout=dropout), on_loss=most)
    fitted = fit(learner, rows(40, weights=weighted), settings)
    return weights(learner.module), fitted


@pytest.mark.parametrize("weighted", [False, True])
def test_accumulation_equals_the_large_batch(weighted: bool) -> None:
    whole, parts = trained(WHOLE, weighted=weighted), trained(PARTS, weighted=weighted)
    assert close(whole[0], parts[0])
    assert not same(whole[0], trained(replace(WHOLE, batch_size=4), weighted=weighted)[0])
    assert whole[1].steps == parts[1].steps == 9
    losses = [[row["train_loss"] for row in fitted.history] for _, fitted in (whole, parts)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


class PlainCounts(Tagger):
    """Counts tokens in plain numbers."""

    def loss(self, batch: Batch) -> tuple[Tensor, float]:
        total, count = super().loss(batch)
        return total, float(count)


@pytest.mark.parametrize("kind", [Tagger, PlainCounts])
def test_accumulation_equals_the_large_batch_with_unequal_counts_of_tokens(kind: type[Tagger]) -> None:
    found = []
    for settings in (replace(WHOLE, gradient_clip=None), replace(PARTS, gradient_clip=None)):
        with alone(3):
            learner = kind(Words())
        learner.module.drop.p = 0.0  # masks are drawn for each part, so that they differ
        fit(learner, texts(40), settings)
        found.append(weights(learner.module))
    assert close(*found)


def test_a_batch_without_any_weight_changes_nothing() -> None:
    plain = rows(8)
    nothing = Held(**plain.columns, weight=torch.zeros(8))
    for settings in (replace(WHOLE, epochs=1), replace(PARTS, epochs=1)):
        learner = Classifier(network())
        before = weights(learner.module)
        fit(learner, nothing, settings)
        assert same(before, weights(learner.module))


def limit(most: int, *, after: int = 0, error: type[Exception] = torch.OutOfMemoryError) -> Any:
    """Memory runs out with more than `most` rows at a time, from the given call of the loss on."""
    calls = iter(range(1, 10_000))

    def on_loss(batch: Batch) -> None:
        if next(calls) > after and rows_of(batch) > most:
            torch.rand(3)  # as dropout does before a later layer fails
            raise error("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    return on_loss


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, RuntimeError, MemoryError])
def test_out_of_memory_ends_with_the_weights_of_the_accumulated_run(error: type[Exception]) -> None:
    # With dropout: the failed attempts must not have used up random numbers.
    injected, fitted = trained(WHOLE, dropout=0.4, most=limit(4, error=error))
    assert same(injected, trained(PARTS, dropout=0.4)[0])
    told = [event["text"] for event in fitted.events if event["kind"] == "out_of_memory"]
    assert [text.split(":")[0] for text in told] == [
        "memory ran out at step 1 with 16 rows at a time",
        "memory ran out at step 1 with 8 rows at a time",
    ]


@pytest.mark.parametrize("after", [1, 4, 7])
def test_out_of_memory_within_a_training_keeps_the_effective_batch(after: int) -> None:
    injected, fitted = trained(WHOLE, most=limit(4, after=after))
    assert close(injected, trained(PARTS)[0])
    assert fitted.steps == 9
    assert [event["kind"] for event in fitted.events] == ["out_of_memory"] * 2


def test_out_of_memory_within_the_parts_of_a_step_takes_the_whole_step_again() -> None:
    # The third part of the first step fails: the gradients of the first two must not count twice.
    injected, _ = trained(PARTS, dropout=0.4, most=limit(2, after=2))
    expected, _ = trained(replace(WHOLE, batch_size=2, accumulation=8), dropout=0.4)
    assert same(injected, expected)


def test_out_of_memory_with_a_single_row_says_what_is_needed_and_what_to_do() -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        trained(WHOLE, most=limit(0, after=1))
    text = str(caught.value)
    assert "with a single row" in text and "GiB" in text
    assert "gradient_checkpointing: true" in text


def test_errors_that_are_not_about_memory_pass() -> None:
    def wrong(_: Batch) -> None:
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        trained(WHOLE, most=wrong)


def with_room(monkeypatch: pytest.MonkeyPatch, room: int, *, wide: int = 64) -> Fitted:
    monkeypatch.setattr(memory, "available", lambda _: room)
    return fit(Classifier(network(wide=wide)), rows(64), replace(WHOLE, batch_size=32, epochs=1))


def test_the_estimate_makes_micro_batches_before_memory_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = with_room(monkeypatch, 10**9)
    assert "accumul" not in fitted.choices["batch_size"].reason and not fitted.events
    # 64 units: five times the weights of 1.3 kB, and 0.26 kB of activations for each row.
    fitted = with_room(monkeypatch, 15_000)
    (event,) = fitted.events
    assert event["kind"] == "small_memory"
    assert fitted.choices["batch_size"].value == 32
    assert fitted.choices["batch_size"].reason.startswith("taken in parts of 16 whose gradients are added up")
    assert fitted.steps == 2


def test_what_cannot_fit_is_refused_before_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EnvironmentProblem, match=r"a single row needs 0\.00 GiB of memory \(weights"):
        with_room(monkeypatch, 1_000)


def test_sequences_that_do_not_fit_are_proposed_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda _: 1_000)
    with alone(3), pytest.raises(EnvironmentProblem, match=r"cut texts to \d+ tokens \(\d+ of 40 are longer\)"):
        fit(Tagger(Words()), texts(40), WHOLE)


def test_activations_are_measured_without_a_trace() -> None:
    module = nn.Sequential(nn.Linear(2, 100), nn.BatchNorm1d(100), nn.ReLU(), nn.Linear(100, 2))
    before = weights(module)
    need = memory.measure(
        memory.standing(module, WHOLE, copies=0),
        lambda batch: Classifier(module).loss(batch)[0],
        module,
        {name: column[:4] for name, column in rows(8).columns.items()},
    )
    assert same(before, weights(module))  # also the running means
    assert need.weights == sum(p.nbytes for p in module.parameters()) + sum(b.nbytes for b in module.buffers())
    # Kept for each row: 100 floats before and after the norm and the relu, a few of the loss.
    assert 800 <= need.per_row <= 1800


class Bent(nn.Module):
    """A line, a norm, a bend and a mask: what is kept of a layer at most."""

    def __init__(self, norm: nn.Module):
        super().__init__()
        parts = (nn.Linear(6, 40), norm, nn.GELU(), nn.Dropout(0.5), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 2))
        self.parts = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        return self.parts(x)


class Attending(nn.Module):
    """Two blocks of attention over word vectors, which keep their matrices of all pairs."""

    def __init__(self) -> None:
        super().__init__()
        self.vectors = nn.Embedding(30, 16)
        blocks = [nn.TransformerEncoderLayer(16, 2, 32, batch_first=True) for _ in range(2)]
        self.blocks, self.out = nn.Sequential(*blocks), nn.Linear(16, 2)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.out(self.blocks(self.vectors(ids)).mean(1))


def one_batch(kind: str, n: int) -> tuple[Classifier, Batch]:
    """A learner and n rows as they are alike."""
    draw = torch.Generator().manual_seed(0)
    y = torch.zeros(n, dtype=torch.int64)
    if kind == "words":
        ids = torch.randint(30, (n, 50), generator=draw)
        return Tagger(Attending()), {"ids": ids, "mask": torch.ones_like(ids), "y": y}
    if kind == "image":
        module = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(512, 2)
        )
        return Classifier(module), {"x": torch.rand(n, 3, 8, 8, generator=draw), "y": y}
    norm = nn.BatchNorm1d(40) if kind == "batch norm" else nn.LayerNorm(40)
    return Classifier(Bent(norm)), {"x": torch.rand(n, 6, generator=draw), "y": y}


@pytest.mark.parametrize("kind", ["batch norm", "layer norm", "image", "words"])
def test_the_bound_by_widths_is_never_below_what_is_measured(kind: str) -> None:
    learner, batch = one_batch(kind, 4)
    standing = memory.standing(learner.module, WHOLE, copies=0)
    bound = memory.bound(standing, learner.module, batch)
    measured = memory.measure(standing, lambda batch: learner.loss(batch)[0], learner.module, batch)
    assert measured.of(64) <= bound.of(64)
    assert not bound.measured and measured.measured


def test_where_memory_is_plenty_nothing_is_computed_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    def calls(room: int) -> tuple[list[int], str]:
        found: list[int] = []
        monkeypatch.setattr(memory, "available", lambda _: room)
        learner = Classifier(network(), on_loss=lambda batch: found.append(rows_of(batch)))
        fitted = fit(learner, rows(32), replace(WHOLE, epochs=1))
        return found, fitted.choices["batch_size"].reason

    plenty, reason = calls(10**9)
    assert plenty == [16, 16] and "by the widths of its layers, and 953.7 MiB are free" in reason
    scarce, reason = calls(100_000)
    assert scarce == [4, 2, 16, 16] and reason.endswith("of 97.7 KiB free")


@given(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 10**4), st.integers(0, 10**6), st.integers(1, 64))
def test_the_largest_micro_batch_that_fits(standing: int, fixed: int, per_row: int, room: int, most: int) -> None:
    need = Need(standing, 0, 0, 0, float(fixed), float(per_row))
    found = need.rows_within(room, most)
    assert found == 0 or need.of(found) <= room
    assert found == most or need.of(max(2 * found, 1)) > room


def test_control_groups_limit_what_is_there(tmp_path: Path) -> None:
    cpu = torch.device("cpu")
    (tmp_path / "proc/self").mkdir(parents=True)
    assert memory.available(cpu, root=tmp_path) is None
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    8000 kB\n")
    assert memory.available(cpu, root=tmp_path) == 8000 * 1024
    (tmp_path / "proc/self/cgroup").write_text("0::/outer/inner\n")
    for name, most, used in (("outer", "4000000", "1000000"), ("outer/inner", "max", "7")):
        folder = tmp_path / "sys/fs/cgroup" / name
        folder.mkdir(parents=True)
        (folder / "memory.max").write_text(most)
        (folder / "memory.current").write_text(used)
        (folder / "memory.stat").write_text("anon 5\ninactive_file 250000\n")
    assert memory.available(cpu, root=tmp_path) == 3_250_000
