"""The family `text_transformer`: fine-tuned or from scratch, its layers, its files, and heads that grow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from text_rows import TWO, columns, notes

from trainwright.data.columns import Dataset
from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.models.families import families
from trainwright.models.more import learn_more
from trainwright.models.spec import Estimator

SCRATCH: dict[str, Any] = {
    "base_model": "none", "width": 32, "vocabulary": 200, "epochs": 12, "learning_rate": 0.005, "batch_size": 32,
}  # fmt: skip


def model(settings: dict[str, Any], target: Target = TWO) -> Estimator:
    return families()["text_transformer"].load()(target, settings)


def accuracy(found: Estimator, texts: list[str], y: np.ndarray) -> float:
    return float((found.predict(columns(texts)).argmax(axis=1) == y).mean())


def test_from_scratch_it_learns_what_the_words_say() -> None:
    texts, y = notes(240)
    found = model(SCRATCH).fit(columns(texts[:200]), y[:200], seed=1)
    assert accuracy(found, texts[200:], y[200:]) == 1.0


def test_fine_tuning_begins_at_the_solved_head_and_stops_by_held_rows(base_folder: Path) -> None:
    texts, y = notes(160)
    held = Dataset(columns(texts[120:]), y[120:], np.arange(40))
    told: list[dict[str, Any]] = []
    found = model({"base_model": str(base_folder), "epochs": 3, "batch_size": 32})
    found.fit(columns(texts[:120]), y[:120], validation=held, seed=1, report=told.append)
    assert found.curve is not None and len(found.curve["validation"]) == 3 and 1 <= found.iterations <= 3
    assert found.curve["validation"][0] < 0.6  # a head of chance begins at log 2, 0.69
    epochs = [event for event in told if event["kind"] == "epoch"]
    assert len(epochs) == 3 and len(found.curve["training"]) == 3
    named = {point[0] for event in told for point in event.get("points", ())}
    assert {"Loss/validation", "Loss/training rows"} <= named and any(name.lower().startswith("f1/") for name in named)
    assert found.derived["learning_rate"] == 5e-5 and "base_sha256" in found.derived


def test_a_loss_smoothing_and_augmentation_each_change_what_is_learned() -> None:
    texts, y = notes(80)
    found: dict[bytes, dict[str, Any]] = {}
    changes: tuple[dict[str, Any], ...] = ({"loss": "focal"}, {"label_smoothing": 0.2}, {"augment": 0.2})
    for change in ({}, *changes, {"augment": 0.3}):
        fitted = model(SCRATCH | {"epochs": 2} | change).fit(columns(texts), y, seed=1)
        answers = fitted.predict(columns(texts)).tobytes()
        assert answers not in found, f"{change} is the same as {found.get(answers)}"
        found[answers] = change
    again = model(SCRATCH | {"epochs": 2, "augment": 0.3}).fit(columns(texts), y, seed=1)
    assert again.predict(columns(texts)).tobytes() in found


def test_only_what_is_learned_from_is_augmented(base_folder: Path) -> None:
    import torch

    from trainwright.engine.randomness import alone
    from trainwright.models.text.encoder import open_encoder
    from trainwright.models.text.network import TextLearner, TextNetwork

    with alone(3):
        network = TextNetwork(open_encoder(base_folder, dropout=0.0), 32, 0, 2, 0.0)
        plain, changed = TextLearner(network, 2), TextLearner(network, 2, augment=0.5)
        ids = torch.randint(5, 40, (16, 12))
        batch = {"ids": ids, "mask": torch.ones_like(ids), "y": torch.zeros(16, dtype=torch.int64)}
        network.eval()
        assert torch.equal(changed.loss(batch)[0], plain.loss(batch)[0])
        assert torch.equal(changed.judge(batch)[0], plain.loss(batch)[0])
        network.train()
        assert not torch.equal(changed.loss(batch)[0], plain.loss(batch)[0])


@pytest.mark.parametrize("length", [1, 2, 3, 4, 9])
def test_augmented_texts_keep_their_ends_and_hold_nothing_new(length: int) -> None:
    import torch

    from trainwright.engine.randomness import alone
    from trainwright.models.text.augment import augmented

    ids = torch.zeros((200, 12), dtype=torch.int64)
    ids[:, :length] = torch.arange(1, length + 1)
    mask = (ids > 0).long()
    with alone(1):
        changed, kept = augmented(ids, mask, 0.4)
    assert torch.equal(changed.sort(dim=1).values, ids.sort(dim=1).values)  # the same tokens, in another order
    assert (kept <= mask).all() and (kept[:, 0] == 1).all() and (kept[:, length - 1] == 1).all()
    assert torch.equal(changed[:, [0, length - 1]], ids[:, [0, length - 1]])
    moved = (changed[:, :length] - ids[:, :length]).abs()
    assert moved.max() <= 1, "tokens change places with a neighbour only"
    inner = max(length - 2, 0)
    assert abs(int((mask - kept).sum()) - 0.4 * 200 * inner) <= 0.1 * 200 * inner
    assert (moved.max() == 1) == (length >= 4)


def test_a_number_is_followed_in_its_own_units_on_both_kinds_of_rows() -> None:
    texts, y = notes(160)
    heights = 500.0 + 100.0 * y
    held = Dataset(columns(texts[120:]), heights[120:], np.arange(40))
    target = Target("y", "number")
    found = model(SCRATCH | {"loss": "huber", "epochs": 10}, target)
    found.fit(columns(texts[:120]), heights[:120], validation=held, seed=1)
    assert found.curve is not None and len(found.curve["training"]) == len(found.curve["validation"]) >= 3
    best = min(found.curve["validation"])
    rmse = float(np.sqrt(np.mean((found.predict(columns(texts[120:])) - heights[120:]) ** 2)))
    assert best == pytest.approx(rmse, rel=0.05, abs=1.0) and found.curve["validation"][0] > best


def test_a_loss_for_another_target_is_refused() -> None:
    texts, y = notes(40)
    with pytest.raises(UserError, match="loss: huber is not for a target that is classes"):
        model(SCRATCH | {"loss": "huber"}).fit(columns(texts), y)


def test_other_columns_join_at_the_head_unless_they_are_not_wanted(base_folder: Path) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    numbers = y[:, None] + 0.3 * rng.normal(size=(200, 1))
    rows = columns(["always the same words"] * 200, numbers)
    settings = {"base_model": str(base_folder), "epochs": 1, "batch_size": 64}
    with_them = model(settings).fit(rows, y).predict(rows).argmax(axis=1)
    without = model(settings | {"columns": False}).fit(rows, y).predict(rows)
    assert (with_them == y).mean() > 0.9 and np.ptp(without[:, 0]) < 1e-6


def test_a_saved_model_is_a_base_model_in_half_the_bytes(base_folder: Path, tmp_path: Path) -> None:
    texts, y = notes(80)
    found = model({"base_model": str(base_folder), "epochs": 1, "batch_size": 32}).fit(columns(texts), y)
    first, second = tmp_path / "first", tmp_path / "second"
    for place in (first, second):
        place.mkdir()
    found.save(first)
    half = (first / "model.safetensors").stat().st_size
    assert half < 0.6 * (base_folder / "model.safetensors").stat().st_size
    again = model({"base_model": str(first), "epochs": 1, "batch_size": 32}).fit(columns(texts), y)
    again.save(second)
    assert accuracy(type(again).load(second, TWO), texts, y) > 0.8
    assert b"/tmp" not in (second / "config.json").read_bytes()


def test_rates_fall_layer_by_layer_and_frozen_layers_stay(base_folder: Path) -> None:
    from trainwright.engine.settings import EngineSettings
    from trainwright.models.text.encoder import open_encoder
    from trainwright.models.text.network import TextLearner, TextNetwork

    network = TextNetwork(open_encoder(base_folder), 32, 0, 2, 0.1)
    learner = TextLearner(network, 2, layer_decay=0.5, frozen_epochs=1, frozen_layers=1)
    rates = {
        id(p): group["rate_scale"] for group in learner.parameter_groups(EngineSettings()) for p in group["params"]
    }
    scale = {name: rates[id(parameter)] for name, parameter in network.named_parameters()}
    assert scale["head.weight"] == 1.0
    assert scale["encoder.encoder.layer.1.output.dense.weight"] == 0.5
    assert scale["encoder.encoder.layer.0.output.dense.weight"] == 0.25
    assert scale["encoder.embeddings.word_embeddings.weight"] == 0.125
    learner.unfreeze(1)
    assert {name for name, p in network.named_parameters() if p.requires_grad} == {"head.weight", "head.bias"}
    learner.unfreeze(2)
    moving = {name for name, p in network.named_parameters() if p.requires_grad}
    assert any("layer.1." in name for name in moving)
    assert not any("layer.0." in name or "embeddings" in name for name in moving)


def test_new_classes_grow_the_head_and_the_known_stay_known(tmp_path: Path) -> None:
    texts, y = notes(240)
    two, three = (Target("y", "classes", ("praise", "trouble", "question")[:k]) for k in (2, 3))
    found = model(SCRATCH, two).fit(columns(texts), y, seed=1)
    found.save(tmp_path)
    before = found.predict(columns(texts))
    wide = type(found).load(tmp_path, three)
    asked = [f"when does the {part} arrive" for part in ("pump", "valve", "motor", "fan")] * 10
    rows, labels = columns(texts[:120] + asked), np.concatenate([y[:120], np.full(40, 2)])
    grown = learn_more(wide, rows, labels, rounds=6, seed=2)
    assert accuracy(grown, asked, np.full(40, 2)) > 0.9 and accuracy(grown, texts[120:], y[120:]) > 0.9
    assert grown.derived["learned_on_from"] == found.iterations and grown.iterations > found.iterations
    assert np.array_equal(wide.predict(columns(texts))[:, :2], before)


def test_learning_on_begins_with_the_head_alone_nearer_to_zero_where_a_base_was_read(base_folder: Path) -> None:
    texts, y = notes(80)
    still = {"base_model": str(base_folder), "epochs": 1, "batch_size": 32, "learning_rate": 1e-7}
    fitted: Any = model(still).fit(columns(texts), y)
    grown: Any = learn_more(fitted, columns(texts), y, rounds=1, seed=2)
    before, after = ({n: p.detach().numpy() for n, p in one.network.named_parameters()} for one in (fitted, grown))
    name = "encoder.encoder.layer.1.output.dense.weight"
    np.testing.assert_allclose(after[name], before[name], atol=1e-3)
    ratio = (after["head.weight"] * before["head.weight"]).sum() / (before["head.weight"] ** 2).sum()
    assert 0.88 < ratio < 0.92
    assert accuracy(grown, texts, y) == pytest.approx(accuracy(fitted, texts, y), abs=0.03)


def test_a_rate_beyond_reason_ends_in_one_message() -> None:
    texts, y = notes(100)
    try:
        found = model(SCRATCH | {"learning_rate": 10.0, "optimizer": "sgd", "gradient_clip": 1e6, "epochs": 2})
        found.fit(columns(texts), y)
    except UserError as error:
        assert "learning_rate" in str(error)
    else:
        assert np.isfinite(found.predict(columns(texts))).all()


def test_a_rate_is_found_by_a_range_test(base_folder: Path) -> None:
    texts, y = notes(80)
    told: list[dict[str, Any]] = []
    found = model({"base_model": str(base_folder), "learning_rate": "auto", "epochs": 1})
    found.fit(columns(texts), y, seed=1, report=told.append)
    (choice,) = [event for event in told if event.get("name") == "learning_rate"]
    assert choice["value"] == found.derived["learning_rate"] != 5e-5
    assert "range" in choice["message"] and "default" not in choice["message"]


@pytest.mark.parametrize("scheduler", ["linear", "one_cycle", "plateau"])
def test_every_schedule_and_way_to_shrink_trains(scheduler: str) -> None:
    texts, y = notes(120)
    given = {"scheduler": scheduler, "optimizer": "nesterov", "l2_regularization": 1e-4, "learning_rate": 0.05}
    found = model(SCRATCH | given | {"warmup_steps": 3}).fit(columns(texts), y, seed=1)
    assert accuracy(found, texts, y) > 0.9


def test_a_batch_larger_than_the_rows_is_all_of_them() -> None:
    texts, y = notes(40)
    found = model(SCRATCH | {"batch_size": 4096, "epochs": 2}).fit(columns(texts), y)
    assert found.derived["steps"] == 2


@pytest.mark.parametrize("device", ["gpu"])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    import torch

    from trainwright.errors import EnvironmentProblem

    if torch.cuda.is_available():
        pytest.skip("a GPU is there")
    texts, y = notes(40)
    with pytest.raises(EnvironmentProblem, match="device: gpu"):
        model(SCRATCH | {"device": device}).fit(columns(texts), y)
