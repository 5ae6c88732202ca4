"""A network that was compiled learns what it learns otherwise; without a compiler that is one message."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from engine_data import Classifier, network, rows, weights
from torch._inductor import cpp_builder
from torch._inductor.exc import InvalidCxxCompiler

from trainwright.engine.loop import fit
from trainwright.engine.settings import EngineSettings
from trainwright.errors import EnvironmentProblem

SETTINGS = EngineSettings(epochs=3, batch_size=20, learning_rate=0.01)


def _compiler() -> bool:
    try:
        cpp_builder.get_cpp_compiler()
    except InvalidCxxCompiler:
        return False
    return True


needs_compiler = pytest.mark.skipif(not _compiler(), reason="torch finds no C++ compiler here")


@needs_compiler
def test_a_compiled_network_learns_what_it_learns_otherwise() -> None:
    found = []
    for how in ("off", "on"):
        learner = Classifier(network())
        fitted = fit(learner, rows(80), replace(SETTINGS, compile=how), validation=rows(40, seed=1))
        assert fitted.choices["compile"].value == how
        compiled = getattr(learner.module, "_compiled_call_impl", None)
        assert (compiled is not None) == (how == "on")
        found.append((weights(learner.module), [row["validation_loss"] for row in fitted.history]))
    (plain, losses), (compiled_weights, compiled_losses) = found
    assert plain.keys() == compiled_weights.keys()  # names as ever, so that what is saved is read anywhere
    for name, value in plain.items():
        torch.testing.assert_close(compiled_weights[name], value, rtol=1e-3, atol=1e-5)
    assert compiled_losses == pytest.approx(losses, rel=1e-3) and losses[-1] < losses[0]


def test_without_a_compiler_it_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise InvalidCxxCompiler

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(cpp_builder, "get_cpp_compiler", none)
    with pytest.raises(EnvironmentProblem, match="compile: on is asked for, and no C"):
        fit(Classifier(network()), rows(20), replace(SETTINGS, compile="on"))
    assert fit(Classifier(network()), rows(20), SETTINGS).choices["compile"].value == "off"
