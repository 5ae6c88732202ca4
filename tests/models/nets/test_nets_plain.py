"""Networks answer by NumPy alone as they do in torch, and take their weights up again."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from trainwright.errors import UserError  # noqa: E402
from trainwright.models.nets.columns import Levels, RobustScale  # noqa: E402
from trainwright.models.nets.modules import ACTIVATIONS, Mlp, Net  # noqa: E402
from trainwright.models.nets.plain import PlainNet  # noqa: E402
from trainwright.models.nets.realmlp import RealMlp  # noqa: E402
from trainwright.models.nets.tabm import TabM  # noqa: E402

TABLES = [(5, 8), (30, 8)]


def inputs(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    numbers = rng.normal(size=(n, 9)).astype(np.float32)
    return numbers, np.stack([rng.integers(0, 5, n), rng.integers(0, 30, n)], axis=1)


def networks() -> dict[str, Net]:
    torch.manual_seed(3)
    found: dict[str, Net] = {
        f"mlp {name}": Mlp(9, TABLES, [32, 16], 3, activation=name, dropout=0.1) for name in ACTIVATIONS
    }
    found["realmlp"] = RealMlp(9, TABLES, 6, [32, 32, 32], 3, activation="selu", dropout=0.15)
    found["realmlp number"] = RealMlp(9, [], 9, [32], 1, activation="mish", dropout=0.15)
    found["realmlp without waves"] = RealMlp(9, TABLES, 0, [32], 2, activation="selu", dropout=0.15)
    found["tabm"] = TabM(9, TABLES, [24, 24], 3, members=4, dropout=0.1)
    for net in found.values():
        for parameter in net.parameters():  # nothing stays at a value that would hide a fault
            torch.nn.init.normal_(parameter, std=0.3)
    return found


def told(net: Net) -> np.ndarray:
    """(members, n, outputs) what torch says."""
    numbers, levels = inputs()
    with torch.no_grad():
        scores = net.eval()(torch.from_numpy(numbers), torch.from_numpy(levels)).numpy()
    return scores.transpose(1, 0, 2) if scores.ndim == 3 else scores[None]


@pytest.mark.parametrize("name", networks())
def test_numpy_says_what_torch_says(name: str) -> None:
    net = networks()[name]
    numbers, levels = inputs()
    plain = net.plain()
    np.testing.assert_allclose(plain(numbers.astype(np.float64), levels), told(net), atol=1e-5, rtol=1e-5)
    one = plain(numbers[:1].astype(np.float64), levels[:1])
    np.testing.assert_allclose(one, plain(numbers.astype(np.float64), levels)[:, :1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", networks())
def test_a_network_takes_up_what_it_was(name: str) -> None:
    net, other = networks()[name], networks()[name]
    for parameter in other.parameters():
        torch.nn.init.zeros_(parameter)
    plain = net.plain()
    other.begin_with(PlainNet.restore(plain.activation, plain.arrays()))
    np.testing.assert_allclose(told(other), told(net), atol=1e-5, rtol=1e-4)


def test_layers_that_do_not_fit_are_refused() -> None:
    plain = networks()["mlp relu"].plain()
    arrays = plain.arrays()
    arrays["layer1_weight"] = arrays["layer1_weight"][:-1]
    with pytest.raises(UserError, match="layer 1 of the stored network"):
        PlainNet.restore("relu", arrays)
    with pytest.raises(UserError, match="no layers"):
        PlainNet.restore("relu", {})


def test_rare_and_unseen_levels_share_a_place() -> None:
    codes = np.array([[0]] * 3 + [[1]] * 2 + [[-1]] * 4, dtype=np.int32)
    levels = Levels.learn(codes)
    assert levels(np.array([[0], [1], [-1], [7], [-2]])).ravel().tolist() == [2, 0, 1, 0, 0]


def test_a_level_that_no_row_had_is_the_mean_of_the_others() -> None:
    net = networks()["realmlp"]
    counts = [np.array([0, 3, 1, 0, 0]), np.array([2] * 30)]
    first, second = (table.weight.detach().clone() for table in net.tables)
    net.fill_unseen(counts)
    np.testing.assert_allclose(net.tables[0].weight[0].detach(), 0.75 * first[1] + 0.25 * first[2], rtol=1e-5)
    assert torch.equal(net.tables[1].weight, second)


def test_far_and_constant_columns_stay_within_bounds() -> None:
    dense = np.array([[0.0, 5.0, 0.0], [1.0, 5.0, 0.0], [2.0, 5.0, 0.0], [1e308, 5.0, 1.0]])
    scaled = RobustScale.learn(dense)(dense)
    assert np.isfinite(scaled).all() and np.abs(scaled).max() <= 3
    assert (scaled[:, 1] == 0).all() and scaled[3, 2] > 1
