"""On a machine slower than estimated, a contender gets fewer rounds instead of being cut."""

from hypothesis import given
from hypothesis import strategies as st

from trainwright.models.families import families
from trainwright.training.pace import fit_into, slowness
from trainwright.training.plan import Step


class Fit:
    def __init__(self, fit_s):
        self.fit_s = fit_s


class Done:
    def __init__(self, seconds, *taken):
        self.step = Step("linear", "linear", seconds=seconds)
        self.fits = dict(enumerate(map(Fit, taken)))


def test_slowness_is_the_median_ratio_and_never_below_one():
    assert slowness([Done(1.0, 2.0, 3.0, 4.0)]) == 3.0
    assert slowness([Done(1.0, 0.2, 0.3)]) == 1.0
    assert slowness([Done(0.01, 5.0)]) == 1.0  # too short a fit to tell
    assert slowness([]) == 1.0


@given(st.floats(0.5, 60), st.floats(1, 5), st.floats(0, 500), st.integers(1, 10), st.integers(1, 4))
def test_rounds_never_grow_and_fit_into_what_remains(seconds, slower, remaining, folds, jobs):
    step = Step("catboost", "catboost", {"iterations": 1000}, seconds=seconds)
    changed, why = fit_into(step, [], n_folds=folds, jobs=jobs, slower=slower, remaining=remaining)
    rounds = changed.settings["iterations"]
    assert families()["catboost"].fewest <= rounds <= 1000
    assert bool(why) == (rounds < 1000)
    if rounds > families()["catboost"].fewest:
        assert seconds * rounds / 1000 * slower * -(-folds // jobs) <= remaining + 1e-6


def test_time_is_shared_with_the_steps_that_follow():
    step = Step("catboost", "catboost", {"iterations": 1000}, seconds=10.0)
    later = [Step("lightgbm", "lightgbm", {}, seconds=10.0)]
    alone, _ = fit_into(step, [], n_folds=1, jobs=1, slower=1.0, remaining=9.0)
    shared, _ = fit_into(step, later, n_folds=1, jobs=1, slower=1.0, remaining=9.0)
    assert shared.settings["iterations"] < alone.settings["iterations"]


def test_a_step_without_rounds_stays_as_it_is():
    step = Step("linear", "linear", {}, seconds=10.0)
    assert fit_into(step, [], n_folds=5, jobs=1, slower=3.0, remaining=1.0) == (step, "")
