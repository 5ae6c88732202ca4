"""Decisions hold what they promise on rows they did not see, and refuse questions that cannot be answered."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.deciding.costs import read_costs
from trainwright.evaluate.deciding.curve import lower_bound
from trainwright.evaluate.deciding.decide import HALF, decide
from trainwright.evaluate.deciding.pick import blend
from trainwright.evaluate.deciding.policy import REVIEW, Policy
from trainwright.evaluate.deciding.prevalence import corrected
from trainwright.evaluate.deciding.question import ask
from trainwright.evaluate.deciding.reasons import beyond
from trainwright.evaluate.deciding.rows import Rows
from trainwright.evaluate.deciding.words import paragraph
from trainwright.evaluate.resampling import make_units

TARGET = Target("state", "classes", ("ok", "faulty"), positive="faulty")


def scores(n: int, share: float = 0.2, seed: int = 0, sharp: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """n labels with calibrated probabilities (n, 2) of both classes."""
    rng = np.random.default_rng(seed)
    logit = math.log(share / (1 - share)) - sharp**2 / 8 + sharp * rng.normal(size=n)
    p = 1 / (1 + np.exp(-logit))
    return (rng.random(n) < p).astype(int), np.column_stack((1 - p, p))


def rows(n: int = 2000, *, seed: int = 0, segment: np.ndarray | None = None, **more: float) -> Rows:
    y, p = scores(n, seed=seed, **more)
    return Rows(TARGET, y, p, np.arange(n) % 5, make_units(n), segment=segment)


def test_costs_decide_near_theory_and_save_against_one_half() -> None:
    found = decide(ask(TARGET, cost="fp=1 fn=20"), rows(4000), resamples=40)
    assert found.policy.high == pytest.approx(1 / 21, abs=0.03)
    cost, half = (d["cost_per_1000"]["value"] for d in (found.document["figures"], found.document["against"][HALF]))
    assert cost < 0.7 * half
    saved = found.document["against"][HALF]["saved_per_1000"]
    assert 0 < saved["low"] < saved["value"] < saved["high"] and saved["value"] == pytest.approx(half - cost)
    assert (
        found.document["thresholds"]["high"]["low"] < found.policy.high < found.document["thresholds"]["high"]["high"]
    )


def test_with_few_positive_rows_theory_decides() -> None:
    few = decide(ask(TARGET, cost="fp=1 fn=20"), rows(300, share=0.01, seed=3), resamples=0)
    positives = few.document["positives"]
    assert 3 <= positives <= 20
    reason = " ".join(few.document["reasons"])
    assert "fp / (fp + fn)" in reason and f"{positives} rows of the rarer class" in reason
    assert blend(0.3, 1 / 21, positives) < 0.13  # whatever these few rows say, theory holds it back
    assert blend(0.3, 1 / 21, 5000) == pytest.approx(0.3, abs=0.01)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.2, 0.5]))
def test_capacity_is_never_exceeded_on_the_rows_it_was_chosen_on(seed: int, share: float) -> None:
    sample = rows(300, seed=seed)
    tied = Rows(TARGET, sample.y, sample.prediction.round(2), sample.fold, sample.units)
    policy = decide(ask(TARGET, capacity=share), tied, resamples=0).policy
    assert (tied.prediction[:, 1] >= policy.high).mean() <= share + 1e-12


def test_ties_that_leave_capacity_unused_are_said() -> None:
    y, p = scores(400)
    p = np.column_stack((1 - (p[:, 1] > 0.3), p[:, 1] > 0.3)).astype(float) * 0.8 + 0.1
    flat = Rows(TARGET, y, p, np.arange(400) % 5, make_units(400))
    found = decide(ask(TARGET, capacity="1/400"), flat, resamples=0)
    assert any("have the same probability" in reason for reason in found.document["reasons"])
    assert (p[:, 1] >= found.policy.high).sum() == 0


@pytest.mark.parametrize(("goal", "level"), [("min_recall", 0.8), ("min_precision", 0.5)])
def test_a_held_bound_keeps_its_promise_on_new_rows(goal: str, level: float) -> None:
    kept = []
    y, p = scores(20_000, seed=999)
    for seed in range(40):
        policy = decide(ask(TARGET, **{goal: level}), rows(800, seed=seed), resamples=0).policy
        flagged = p[:, 1] >= policy.high
        found = (flagged & (y == 1)).sum()
        kept.append(found / (y == 1).sum() if goal == "min_recall" else found / flagged.sum())
    assert np.mean(np.array(kept) >= level - 0.005) >= 0.9  # 97.5 % is promised for one threshold
    assert np.mean(kept) > level


def test_groups_rest_a_bound_on_fewer_rows() -> None:
    n = 1200
    y, p = scores(n, seed=5)
    group = np.repeat(np.arange(n // 12), 12)
    same = np.repeat(y[::12], 12)  # every row of a group is alike: there are 100 rows, not 1,200
    score = np.column_stack((np.repeat(p[::12, 0], 12), np.repeat(p[::12, 1], 12)))
    alone = Rows(TARGET, same, score, group % 5, make_units(n))
    together = Rows(TARGET, same, score, group % 5, make_units(n, group=group))
    question = ask(TARGET, min_recall=0.7)
    assert decide(question, together, resamples=0).policy.high < decide(question, alone, resamples=0).policy.high
    wide, narrow = (
        decide(ask(TARGET, threshold=0.3), one, resamples=100).document["figures"]["recall"]
        for one in (together, alone)
    )
    assert wide["high"] - wide["low"] > 2 * (narrow["high"] - narrow["low"])


def test_a_recall_that_nobody_can_promise_says_the_best() -> None:
    with pytest.raises(UserError, match=r"a recall of 0\.99 cannot be promised") as refused:
        decide(ask(TARGET, min_recall=0.99), rows(200), resamples=0)
    positives = int((rows(200).y == 1).sum())
    best = lower_bound(np.array([1.0]), np.array([float(positives)]))[0]
    assert f"{best:.1%}" in str(refused.value) and "--recall-at 0.99" in str(refused.value)
    with pytest.raises(UserError, match=r"a precision of 0\.999 cannot be promised"):
        decide(ask(TARGET, min_precision=0.999), rows(300), resamples=0)


def test_each_fold_is_judged_by_thresholds_it_had_no_part_in() -> None:
    base = rows(500, seed=2)
    question = ask(TARGET, beta=1)
    own = base.fold == 0
    flipped = Rows(TARGET, np.where(own, 1 - base.y, base.y), base.prediction, base.fold, base.units)
    from trainwright.evaluate.deciding.fit import fit, table_of

    def cut(sample: Rows) -> float:
        table = table_of(question, sample)
        own_counts, other = table.counts()
        own_counts[:, 0], other[:, 0] = 0.0, 0.0
        return float(fit(question, table, (own_counts, other), 1).high[0])

    assert cut(base) == cut(flipped)
    others = Rows(TARGET, np.where(own, base.y, 1 - base.y), base.prediction, base.fold, base.units)
    assert cut(others) != cut(base)


def test_a_review_band_follows_the_price_of_a_review() -> None:
    sample = rows(4000)
    cheap = decide(ask(TARGET, cost="fp=5 fn=100 review=1", review_band=True), sample, resamples=0)
    dear = decide(ask(TARGET, cost="fp=5 fn=100 review=3", review_band=True), sample, resamples=0)
    never = decide(ask(TARGET, cost="fp=5 fn=100 review=5", review_band=True), sample, resamples=0)
    shares = [d.document["figures"]["review"]["value"] for d in (cheap, dear, never)]
    assert shares[0] > shares[1] > shares[2] == 0
    assert cheap.policy.low == pytest.approx(0.01, abs=0.01) and cheap.policy.high == pytest.approx(0.8, abs=0.12)
    assert any("no review pays" in reason for reason in never.document["reasons"])
    plain = decide(ask(TARGET, cost="fp=5 fn=100"), sample, resamples=0)
    assert cheap.document["figures"]["cost_per_1000"]["value"] < plain.document["figures"]["cost_per_1000"]["value"]


def test_a_capacity_narrows_the_band_to_where_a_look_saves_most() -> None:
    sample = rows(3000)
    found = decide(ask(TARGET, cost="fp=5 fn=100", capacity="10%", review_band=True), sample, resamples=0)
    decided, predicted = found.policy.decide(sample.prediction)
    inside = decided == REVIEW
    assert 0.06 < inside.mean() <= 0.1 + 1e-9
    p = sample.prediction[:, 1]
    saved = np.minimum(100 * p, 5 * (1 - p))  # what deciding without a person is expected to cost
    assert saved[inside].min() >= np.quantile(saved[~inside], 0.98)
    assert set(predicted[inside]) <= {0, 1}
    assert "go to a person" in paragraph(found.document)
    even = decide(ask(TARGET, capacity="10%", review_band=True), sample, resamples=0)
    assert any("counts 1" in reason for reason in even.document["reasons"])


def test_prevalence_corrects_probabilities_precision_and_load() -> None:
    n = 60_000
    y, p = scores(n, share=0.02, seed=8)
    true = y.mean()
    keep = (y == 1) | (np.random.default_rng(1).random(n) < true / (1 - true))
    rich = y[keep].mean()
    assert rich == pytest.approx(0.5, abs=0.05)
    y_rich, p_rich = y[keep], corrected(p[keep], (1 - true, true), (1 - rich, rich))
    enriched = Rows(TARGET, y_rich, p_rich, np.arange(len(y_rich)) % 5, make_units(len(y_rich)))
    found = decide(ask(TARGET, threshold=0.2, prevalence=float(true)), enriched, resamples=0)
    flagged = p[:, 1] >= 0.2
    figures = found.document["figures"]
    assert figures["flagged"]["value"] == pytest.approx(flagged.mean(), rel=0.15)
    assert figures["precision"]["value"] == pytest.approx(y[flagged].mean(), abs=0.08)
    assert found.policy.corrected(p_rich) == pytest.approx(p[keep], abs=0.02)
    decided, _ = found.policy.decide(found.policy.corrected(p_rich))
    assert (decided == 1).sum() == pytest.approx((p[keep][:, 1] >= 0.2).sum(), rel=0.05)


@settings(max_examples=50)
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_correcting_there_and_back_changes_nothing(p: float, learned: float, true: float) -> None:
    row = np.array([[1 - p, p]])
    there = corrected(row, (1 - learned, learned), (1 - true, true))
    assert there.sum() == pytest.approx(1)
    assert corrected(there, (1 - true, true), (1 - learned, learned)) == pytest.approx(row)


def test_segments_that_differ_get_their_own_threshold_and_alike_ones_do_not() -> None:
    y, p = scores(6000, seed=4)
    segment = np.array(["a", "b", "c"])[np.arange(6000) % 3].astype(object)
    q = p.copy()
    off = segment == "b"  # a gauge at site b reads far too high
    q[off, 1] = 1 / (1 + np.exp(-(np.log(p[off, 1] / p[off, 0]) + 2)))
    q[:, 0] = 1 - q[:, 1]
    question = ask(TARGET, cost="fp=1 fn=4", by="site")
    units = make_units(6000)
    apart = decide(question, Rows(TARGET, y, q, np.arange(6000) % 5, units, segment=segment), resamples=0)
    own = {row["value"]: row["threshold"] for row in apart.document["segments"]}
    assert own["b"] > 2 * own["a"]
    alike = decide(question, Rows(TARGET, y, p, np.arange(6000) % 5, units, segment=segment), resamples=0)
    cuts = [row["threshold"] for row in alike.document["segments"]]
    assert max(cuts) / min(cuts) < 1.6
    new, _ = apart.policy.decide(np.array([[0.5, 0.5]] * 3), np.array(["b", "zebra", ""], dtype=object))
    assert new.tolist() == [0 if own["b"] > 0.5 else 1, 1, 1]


def test_a_segment_with_few_positive_rows_keeps_the_threshold_of_all() -> None:
    segment = np.where(np.arange(2000) % 50 == 0, "small", "large").astype(object)
    found = decide(ask(TARGET, cost="fp=1 fn=4", by="site"), rows(2000, segment=segment), resamples=0)
    assert "small" not in found.policy.segments
    assert any("small keep the threshold of all rows" in reason for reason in found.document["reasons"])
    with pytest.raises(UserError, match="at most 50"):
        decide(ask(TARGET, cost="fp=1 fn=4", by="id"), rows(400, segment=np.arange(400).astype(str).astype(object)))


def test_many_classes_take_the_least_expected_cost() -> None:
    target = Target("kind", "classes", ("crack", "dent", "none"))
    rng = np.random.default_rng(0)
    p = rng.dirichlet((1, 1, 3), 1500)
    y = np.array([rng.choice(3, p=row) for row in p])
    costs = {"crack": {"dent": 5, "none": 100}, "dent": {"crack": 2, "none": 20}, "none": {"crack": 1, "dent": 1}}
    sample = Rows(target, y, p, np.arange(1500) % 5, make_units(1500))
    found = decide(ask(target, cost=costs), sample, resamples=30)
    matrix = np.array(read_costs(target, costs).matrix)
    decided, _ = found.policy.decide(p)
    assert (decided == (p @ matrix).argmin(1)).all()
    figures, plain = found.document["figures"], found.document["against"]["the most probable class"]
    assert figures["cost_per_1000"]["value"] == pytest.approx(1000 * matrix[y, decided].mean())
    assert figures["cost_per_1000"]["value"] < 0.8 * plain["cost_per_1000"]["value"]
    band = decide(ask(target, cost=costs, capacity="10%", review_band=True), sample, resamples=0)
    assert 0.07 < (band.policy.decide(p)[0] == REVIEW).mean() <= 0.1 + 1e-9
    assert "go to a person" in paragraph(band.document)


def test_a_policy_is_the_same_after_it_was_stored() -> None:
    policy = Policy(2, 1, low=0.1, high=0.7, middle=0.3, band=True, learned=(0.5, 0.5), true=(0.9, 0.1))
    assert Policy.from_json(policy.to_json()) == policy
    with pytest.raises(UserError, match="cannot be read"):
        Policy.from_json({"classes": 3, "positive": None})


ABC = Target("k", "classes", ("a", "b", "c"))
COSTS = {"a": {"b": 1, "c": 1}, "b": {"a": 1, "c": 1}, "c": {"a": 1, "b": 1}}
FOUR = "no cost is given for a decided as c, b decided as a, b decided as c, c decided as b"
BAD = {
    "number": ({"beta": 1}, "is a number", Target("price", "number")),
    "no goal": ({}, "no goal is given", TARGET),
    "two goals": ({"cost": "fp=1 fn=2", "capacity": "1/10"}, "two goals", TARGET),
    "capacity above": ({"capacity": "1200/1000"}, "1200 is more than the 1000", TARGET),
    "capacity of nothing": ({"capacity": "200"}, "of how many", TARGET),
    "capacity malformed": ({"capacity": "many"}, "neither a share nor k of n", TARGET),
    "capacity zero": ({"capacity": "0/10"}, "above 0", TARGET),
    "prevalence 0": ({"beta": 1, "prevalence": 0}, "between 0 and 1", TARGET),
    "prevalence 1": ({"beta": 1, "prevalence": "100%"}, "between 0 and 1", TARGET),
    "prevalence word": ({"beta": 1, "prevalence": "rare"}, "must be a share", TARGET),
    "negative": ({"cost": "fp=-1 fn=2"}, "at least 0", TARGET),
    "one cost": ({"cost": "fp=1"}, "a miss", TARGET),
    "free": ({"cost": "fp=0 fn=2"}, "never dearer", TARGET),
    "unknown pair": ({"cost": "fp=1 fx=2"}, "'fx=2' is none of", TARGET),
    "twice": ({"cost": "fp=1 fn=2 fn=3"}, "given twice", TARGET),
    "not square": ({"cost": [[0, 1], [2, 0], [1, 1]]}, "2 rows of 2", TARGET),
    "wrong class": ({"cost": {"ok": {"bad": 1}, "bad": {"ok": 2}}}, "no class 'bad'", TARGET),
    "class missing": ({"cost": {"ok": {"faulty": 1}}}, "'faulty' is missing", TARGET),
    "two classes missing": ({"cost": {"a": {"b": 1, "c": 1}}}, "the classes 'b', 'c' are missing", ABC),
    "costs missing": ({"cost": {"a": {"b": 1}, "b": {}, "c": {"a": 1}}}, FOUR, ABC),
    "two classes unknown": ({"cost": {"x": {"b": 1}, "z": {}}}, "no class 'x', 'z'", ABC),
    "neither cost": ({"cost": "tp=1"}, "fp (a false alarm) and fn (a miss) are missing", TARGET),
    "matrix of nothing": ({"cost": {"matrix": 3}}, "`matrix` must be a list, found 3", TARGET),
    "classes of nothing": ({"cost": {"classes": "ok", "matrix": [[0, 1], [2, 0]]}}, "`classes` must be a list", TARGET),
    "unit": ({"cost": {"fp": 1, "fn": 2, "unit": {"a": 1}}}, "unit must be a word", TARGET),
    "too dear": ({"cost": "fp=1e13 fn=2"}, "at most 1e+12", TARGET),
    "part of a case": ({"capacity": "1.5/10"}, "two whole numbers, such as 200/1000; a share is 20% or 0.2", TARGET),
    "of part of a case": ({"capacity": "1/10.5"}, "two whole numbers", TARGET),
    "of no case": ({"capacity": "0/0"}, "of 0 cases none", TARGET),
    "a very long capacity": ({"capacity": "9" * 400}, "999...: of how many", TARGET),
    "shares left": ({"cost": COSTS, "prevalence": {"a": 0.5, "b": 0.6}}, "c=-0.1 (what is left for c)", ABC),
    "shares missing": ({"cost": COSTS, "prevalence": {"a": 0.5}}, "the classes 'b', 'c' are missing", ABC),
    "no goal of three": ({}, "--cost costs.yaml), or --review-band --capacity", ABC),
    "not a number": ({"cost": "fp=one fn=2"}, "must be a number", TARGET),
    "band of recall": ({"min_recall": 0.9, "review_band": True}, "not from --min-recall", TARGET),
    "band without width": ({"cost": "fp=1 fn=2", "review_band": True}, "how wide", TARGET),
    "review without band": ({"cost": "fp=1 fn=2 review=1"}, "--review-band", TARGET),
    "band by segment": ({"cost": "fp=1 fn=2", "review_band": True, "by": "site"}, "do not go together", TARGET),
    "recall above one": ({"min_recall": 1.5}, "at most 1", TARGET),
    "beta zero": ({"beta": 0}, "above 0", TARGET),
    "recall of three": ({"min_recall": 0.9}, "needs two classes", Target("k", "classes", ("a", "b", "c"))),
    "pairs for three": ({"cost": "fp=1 fn=2"}, "two classes", Target("k", "classes", ("a", "b", "c"))),
}


@pytest.mark.parametrize("case", BAD)
def test_a_question_that_cannot_be_answered_is_refused(case: str) -> None:
    asked, words, target = BAD[case]
    with pytest.raises(UserError) as refused:
        ask(target, **asked)
    assert words in str(refused.value), str(refused.value)


def test_the_same_question_is_asked_again_by_its_flags() -> None:
    question = ask(TARGET, cost={"fp": 1, "fn": 20}, by="site", prevalence="2%")
    assert question.flags() == "--cost fp=1 fn=20 --by site --prevalence 2%"


def test_more_reviews_than_asked_for_on_rows_not_chosen_on_are_said() -> None:
    question = ask(TARGET, cost="fp=5 fn=100", capacity="50/1000", review_band=True)
    (words,) = beyond(question, {"review": {"value": 0.064}})
    assert "6.4" in words and "more than the 5.0" in words
    assert beyond(question, {"review": {"value": 0.05}}) == []
    assert beyond(ask(TARGET, beta=2), {"flagged": {"value": 0.5}}) == []
