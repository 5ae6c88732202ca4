"""Searches: what is tried, in which order, what one that was stopped or shared leaves, and how it is judged."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from training_runs import FEATURES, LIGHT, new_workspace, rows_of, run_here, settings, table

from trainwright.config.search import SearchSettings
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.jobs.attempt import execute
from trainwright.store.process import current_owner
from trainwright.store.runs import get_run
from trainwright.store.search_trials import SearchTrial, claim
from trainwright.store.searches import Search
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.training.held_out import read_held_out
from trainwright.training.prepare import prepare
from trainwright.training.steps import Step
from trainwright.training.tuning import fit as fitting
from trainwright.training.tuning import request as requests
from trainwright.training.tuning import search as searching
from trainwright.training.tuning.before import search_first
from trainwright.training.tuning.begin import begin
from trainwright.training.tuning.ground import Ground, base_run, fingerprint_of, stand_on
from trainwright.training.tuning.judge import judge, predictions_of, verdict_words
from trainwright.training.tuning.method import choose_method
from trainwright.training.tuning.propose import propose
from trainwright.training.tuning.request import Request, check_search
from trainwright.training.tuning.search import EXHAUSTED, STOPPED, TIME, go_on, reread
from trainwright.training.tuning.standing import best_trial
from trainwright.training.tuning.step import step_of

LISTED: dict[str, Any] = {"linear": {"C": [0.001, 0.1, 10.0], "penalty": ["l2", "l1"]}}
DRAWN: dict[str, Any] = {"linear": {"C": {"low": 0.001, "high": 10.0, "log": True}}}


class Place:
    """A workspace with a prepared run, and what a search stands on there."""

    def __init__(self, folder: Path):
        self.workspace: Workspace = new_workspace(folder)
        wanted = settings(training__metric="log_loss", data__folds=4, training__family_settings=LIGHT)
        prepared = prepare(self.workspace, table(200).select(FEATURES), wanted)
        self.ground: Ground = stand_on(self.workspace, prepared.run, time.time())

    def begin(self, space: Mapping[str, Any] | str = LISTED, **given: Any) -> Search:
        request = Request(**{"space": space, "method": "grid", **given}).check()
        return begin(self.workspace, self.ground, request)

    def work(
        self, search: Search, *, seconds: float = 60.0, stop: threading.Event | None = None, tell: Any = None
    ) -> Any:
        return go_on(
            self.workspace,
            search,
            self.ground,
            until=time.time() + seconds,
            stop=stop or threading.Event(),
            tell=tell or (lambda event: None),
        )

    def trials(self, search: Search) -> list[SearchTrial]:
        return reread(self.workspace, search)[1]

    def judged(self, search: Search) -> dict[str, Any]:
        return judge(self.workspace, search, self.trials(search), self.ground, ended=EXHAUSTED, wall_s=1.0)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("tune"))


def test_the_defaults_come_first_then_the_grid_in_order(place: Place) -> None:
    search = place.begin(prune=False)
    ending = place.work(search)
    assert ending.why == EXHAUSTED and not ending.others
    trials = place.trials(search)
    assert [t.state for t in trials] == ["completed"] * 7
    assert trials[0].settings == {}
    assert [(t.settings["C"], t.settings["penalty"]) for t in trials[1:]] == [
        (c, p) for c in (0.001, 0.1, 10.0) for p in ("l2", "l1")
    ]
    assert all(len(t.scores or []) == 4 and t.artifact and t.fit_seconds for t in trials)


def test_the_same_seed_draws_the_same_settings(place: Place) -> None:
    drawn = []
    for seed in (5, 5, 6):
        search = place.begin(DRAWN, method="random", trials=4, seed=seed)
        place.work(search)
        drawn.append([t.settings for t in place.trials(search)])
    assert drawn[0] == drawn[1] != drawn[2]
    assert len({t["C"] for t in drawn[0][1:]}) == 3


def test_a_small_space_ends_when_everything_was_tried(place: Place) -> None:
    search = place.begin({"linear": {"penalty": ["l2", "l1"]}}, method="random", trials=30)
    assert place.work(search).why == EXHAUSTED
    # l2 is the default already.
    assert [t.settings for t in place.trials(search)] == [{}, {"penalty": "l1"}]


def test_settings_that_fit_alike_are_tried_once(place: Place) -> None:
    # With the penalty l2, the default, l1_ratio is not read.
    space = {"linear": {"penalty": ["l2", "elasticnet"], "l1_ratio": [0.1, 0.9]}}
    for method in ("grid", "random"):
        search = place.begin(space, method=method, trials=20)
        assert place.work(search).why == EXHAUSTED
        tried = [t.settings for t in place.trials(search)]
        assert tried[0] == {}
        assert sorted(t["l1_ratio"] for t in tried[1:]) == [0.1, 0.9]
        assert {t["penalty"] for t in tried[1:]} == {"elasticnet"}


def test_a_dead_processs_trial_is_taken_over_and_nothing_is_counted_twice(place: Place) -> None:
    search = place.begin(trials=4, prune=False)
    gone = str(replace(current_owner(), started=1))  # this process's number, from another start
    greater = place.ground.metric.greater_is_better
    with write(place.workspace) as connection:
        lost = claim(connection, search.id, gone, lambda s, rows: propose(s, rows, greater_is_better=greater))
    place.work(search)
    trials = place.trials(search)
    assert [t.number for t in trials] == [0, 1, 2, 3]
    assert [t.state for t in trials] == ["completed"] * 4
    assert isinstance(lost, SearchTrial) and trials[0].settings == lost.settings
    assert [(t.details or {})["begun"] for t in trials] == [2, 1, 1, 1]


def test_two_that_share_a_search_try_everything_once(place: Place) -> None:
    search = place.begin(prune=False)
    endings: list[Any] = []
    workers = [threading.Thread(target=lambda: endings.append(place.work(search))) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    trials = place.trials(search)
    assert [t.number for t in trials] == list(range(7))
    assert {t.state for t in trials} == {"completed"}
    assert len({str(t.settings) for t in trials}) == 7
    assert {(t.details or {})["begun"] for t in trials} == {1}


def test_a_stopped_search_keeps_what_is_finished_and_goes_on(place: Place) -> None:
    search, stop = place.begin(prune=False), threading.Event()
    done: list[int] = []

    def tell(event: dict[str, Any]) -> None:
        if event["state"] == "completed":
            done.append(event["number"])
        if len(done) == 3:
            stop.set()

    assert place.work(search, stop=stop, tell=tell).why == STOPPED
    before = {t.number: t.scores for t in place.trials(search) if t.state == "completed"}
    assert sorted(before) == [0, 1, 2]
    place.work(search)
    after = {t.number: t.scores for t in place.trials(search)}
    assert len(after) == 7 and {number: after[number] for number in before} == before


def test_no_trial_begins_that_the_time_does_not_suffice_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = fitting.fit_fold

    def slowly(*arguments: Any) -> Any:
        time.sleep(0.12)
        return slow(*arguments)

    monkeypatch.setattr(fitting, "fit_fold", slowly)
    search = place.begin(prune=False)
    assert place.work(search, seconds=1.5).why == TIME
    states = [t.state for t in place.trials(search)]
    assert 1 <= states.count("completed") < 7 and set(states) <= {"completed", "released"}


def test_a_trial_that_is_too_long_is_given_back_and_shorter_ones_follow(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "wall", lambda step, facts: 1e6 if step.settings.get("penalty") == "l1" else 0.01)
    monkeypatch.setattr(searching, "_slowness", lambda done, family: 1.0)
    search = place.begin(prune=False)
    assert place.work(search).why == TIME
    assert [t.state for t in place.trials(search)] == ["completed"] + ["completed", "released"] * 3
    monkeypatch.undo()
    assert place.work(search).why == EXHAUSTED  # somebody with more time goes on with them
    assert {t.state for t in place.trials(search)} == {"completed"}


def test_settings_that_fail_are_named_and_the_search_goes_on(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = fitting.fit_fold

    def breaks(step: Any, *rest: Any) -> Any:
        if step.settings.get("penalty") == "l1":
            raise ValueError("l1 is broken")
        return fit(step, *rest)

    monkeypatch.setattr(fitting, "fit_fold", breaks)
    search = place.begin(prune=False)
    place.work(search)
    trials = place.trials(search)
    assert [t.state for t in trials] == ["completed"] + ["completed", "failed"] * 3
    assert (trials[2].details or {})["stopped"] == "ValueError: l1 is broken"
    assert place.judged(search)["best"]["settings"].get("penalty") != "l1"


def test_a_clearly_worse_trial_stops_before_its_last_fold(place: Place) -> None:
    # A penalty that leaves no column at all, after four trials that hardly differ.
    search = place.begin({"linear": {"C": [0.5, 2.0, 4.0, 8.0, 1e-6]}})
    place.work(search)
    trials = place.trials(search)
    assert [t.state for t in trials] == ["completed"] * 5 + ["pruned"]
    assert None in (trials[-1].scores or []) and trials[-1].artifact is None
    assert "behind the best trial" in (trials[-1].details or {})["stopped"]
    assert place.judged(search)["counts"] == {"completed": 5, "pruned": 1}


def test_what_becomes_of_a_trial_does_not_depend_on_which_fold_was_quicker(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = fitting.fit_fold
    ground = replace(place.ground, work=replace(place.ground.work, jobs=2))
    step = step_of("linear", {"C": 1e-6}, ground.facts, name="far behind")
    told = []
    for slow in range(len(ground.work.folds)):

        def late(step: Any, index: int, *rest: Any, slow: int = slow) -> Any:
            time.sleep(0.2 if index == slow else 0.0)
            return fit(step, index, *rest)

        monkeypatch.setattr(fitting, "fit_fold", late)
        found = fitting.fit_trial(
            step,
            ground,
            best=[0.001] * len(ground.work.folds),  # of a log-loss
            spread=0.001,
            stop=threading.Event(),
            time_left=lambda: 60.0,
            report=lambda event: None,
        )
        told.append((found.state, found.scores, found.reason, found.iterations))
    assert told[0][0] == "pruned" and all(one == told[0] for one in told)


def test_folds_of_a_network_follow_one_another_so_that_none_is_timed_while_it_waits(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit, running, most = fitting.fit_fold, [0], [0]

    def counted(*arguments: Any) -> Any:
        running[0] += 1
        most[0] = max(most[0], running[0])
        try:
            time.sleep(0.05)
            return fit(*arguments)
        finally:
            running[0] -= 1

    monkeypatch.setattr(fitting, "fit_fold", counted)
    ground = replace(place.ground, work=replace(place.ground.work, jobs=2))
    given: dict[str, Any] = {"stop": threading.Event(), "time_left": lambda: 60.0, "report": lambda event: None}
    step = step_of("linear", {"C": 1.0}, ground.facts, name="one")
    assert fitting.fit_trial(step, ground, **given).state == "completed" and most[0] == 2
    most[0] = 0
    monkeypatch.setattr(Step, "uses_all_threads", True)
    assert fitting.fit_trial(step, ground, **given).state == "completed" and most[0] == 1


def test_without_a_named_family_the_defaults_decide_what_is_searched(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "SCREENED", ("linear", "decision_tree", "svm"))
    search = place.begin("first", method="random", trials=8)
    place.work(search)
    search, trials = reread(place.workspace, search)
    assert sorted(t.family for t in trials[:3]) == ["decision_tree", "linear", "svm"]
    assert [t.settings for t in trials[:3]] == [{}, {}, {}]
    kept = search.settings["kept"]
    assert "decision_tree" not in kept and 1 <= len(kept) <= 2
    assert {t.family for t in trials[3:]} == set(kept)
    assert "not searched further: " in " ".join(search.settings["reasons"])


def test_a_family_whose_defaults_take_too_much_of_the_time_is_left_out(place: Place) -> None:
    settings = place.begin("first", seconds=4.0, method="random").settings
    assert "linear" in settings["families"] and "catboost" not in settings["families"]
    assert "left out, because one trial takes too much of the time" in settings["reasons"][0]
    assert "catboost (about " in settings["reasons"][0]


def test_the_result_measures_the_winner_against_the_defaults_and_corrects_for_choosing(place: Place) -> None:
    search = place.begin({"linear": {"C": [1e-5, 0.001, 0.03, 0.3, 1.0]}}, prune=False)
    place.work(search)
    found = place.judged(search)
    best = best_trial(place.trials(search), greater_is_better=False)
    assert best is not None and found["best"]["number"] == best.number
    assert found["default"]["number"] == 0 and found["default"]["settings"] == {}
    gain = found["gain"]
    assert gain["score_corrected"] >= gain["score_as_chosen"], "log-loss: corrected is not better"
    assert gain["bias"] >= 0 and gain["candidates"] == 6
    if gain["against"] is not None:
        assert gain["low"] <= gain["value"] <= gain["high"] and gain["value"] <= gain["as_chosen"]
    assert found["best"]["number"] in found["pareto"]["fit_seconds"]
    assert "best of 6 complete trials" in found["text"]


@pytest.mark.usefixtures("sealed_here")
def test_the_winner_is_also_measured_against_what_the_base_run_chose(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    wanted = settings(training__metric="log_loss", training__family_settings={**LIGHT, "linear": {"C": 0.001}})
    prepared, result = run_here(workspace, table(200).select(FEATURES), wanted)
    with read(workspace) as connection:
        ground = stand_on(workspace, get_run(connection, prepared.run.id), time.time())
    search = begin(workspace, ground, Request(space=LISTED, method="grid", prune=False).check())
    go_on(workspace, search, ground, until=time.time() + 60, stop=threading.Event(), tell=lambda event: None)
    trials = reread(workspace, search)[1]
    found = judge(workspace, search, trials, ground, ended=EXHAUSTED, wall_s=1.0)
    over = found["over_base"]
    assert (over["run"], over["selected"]) == (prepared.run.id, result["selected"])
    base = read_held_out(workspace, ground.run)
    assert base is not None
    best = predictions_of(workspace, [t for t in trials if t.number == found["best"]["number"]])
    rows = ground.rows
    losses = [ground.metric(rows.y, p, rows.weight) for p in (base.prediction, *best.values())]
    assert over["value"] == pytest.approx(losses[0] - losses[1] - found["gain"]["bias"], abs=1e-6)
    assert over["low"] < over["value"] <= over["high"] and f"run {prepared.run.id} chose" in found["text"]


def test_an_interval_above_zero_beside_not_distinguishable_is_explained() -> None:
    gain = {"verdict": "not distinguishable", "low": 0.0016, "high": 0.018, "candidates": 21}
    assert verdict_words(gain) == "not distinguishable once all 21 compared trials are counted"
    assert verdict_words({**gain, "low": -0.001}) == "not distinguishable"
    assert verdict_words({**gain, "verdict": "better"}) == "better"


def test_predictions_of_a_search_stand_on_the_rows_of_its_split(place: Place, tmp_path: Path) -> None:
    assert fingerprint_of(place.ground.work) == place.begin().settings["fingerprint"]
    other = Place(tmp_path)
    assert fingerprint_of(other.ground.work) == fingerprint_of(place.ground.work), "the same table, the same split"
    folds = place.ground.work.folds[:2]
    assert fingerprint_of(replace(place.ground.work, folds=folds)) != fingerprint_of(place.ground.work)


@pytest.mark.parametrize(
    ("given", "seconds", "name"),
    [
        ({"space": LISTED}, 0.1, "grid"),
        ({"space": LISTED, "trials": 4}, 0.1, "random"),
        ({"space": LISTED, "seconds": 10.0}, 5.0, "bayesian"),
        ({"space": DRAWN}, 0.1, "random"),
        ({"space": DRAWN}, 30.0, "bayesian"),
    ],
)
def test_auto_goes_by_the_size_of_the_space_and_the_cost_of_a_trial(
    given: dict[str, Any], seconds: float, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainwright.training.tuning.method.optuna_installed", lambda: True)
    request = Request(**given)
    found = choose_method(request, request.spaces("classes")[0], seconds)
    assert found.name == name and found.reason
    monkeypatch.setattr("trainwright.training.tuning.method.optuna_installed", lambda: False)
    without = choose_method(request, request.spaces("classes")[0], seconds)
    assert without.name == ("random" if name == "bayesian" else name)
    assert ("trainwright[tune]" in without.reason) == (name == "bayesian")


def test_a_grid_larger_than_the_budget_is_warned_of_before_it_begins(place: Place) -> None:
    warned = place.begin(trials=3).settings["warnings"]
    assert len(warned) == 1 and "6 combinations" in warned[0] and "3 trials" in warned[0] and "random" in warned[0]
    assert place.begin().settings["warnings"] == []
    alone = place.begin(trials=1).settings["warnings"]
    assert alone[0] == "with --trials 1 the defaults alone are measured and nothing is searched; give more trials"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"trials": 0}, "--trials must be a whole number from 1"),
        ({"trials": -3}, "--trials"),
        ({"seconds": 0.0}, "--time-limit"),
        ({"method": "simulated annealing"}, "methods: auto"),
        ({"families": ("catbost",)}, "did you mean 'catboost'"),
        ({"families": ("baseline",)}, "nothing to search"),
    ],
)
def test_what_cannot_be_searched_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        Request(**given).check()


def test_a_block_is_checked_for_the_task_once_it_is_known() -> None:
    numbers = SearchSettings(space={"linear": {"alpha": [0.1, 1.0]}})
    check_search(numbers)
    check_search(numbers, "number")
    with pytest.raises(UserError, match="alpha changes nothing here"):
        check_search(numbers, "classes")
    with pytest.raises(UserError, match="did you mean 'alpha'"):
        check_search(SearchSettings(space={"linear": {"alhpa": [0.1]}}))


def test_what_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "optuna_installed", lambda: False)
    with pytest.raises(EnvironmentProblem, match=r"trainwright\[tune\]"):
        Request(method="bayesian").check()
    monkeypatch.setattr("trainwright.models.extras.LIBRARIES", {"xgboost": "no_such_library", "explain": "interpret"})
    with pytest.raises(EnvironmentProblem, match=r"trainwright\[xgboost\]"):
        Request(families=("xgboost",)).check()
    with pytest.raises(EnvironmentProblem, match=r"trainwright\[xgboost\]"):
        Request(space={"xgboost": "first"}).spaces("classes")
    with pytest.raises(UserError, match="says nothing about the family 'forest'"):
        Request(space=LISTED, families=("forest",)).check().spaces("classes")


def test_a_project_in_which_nothing_was_trained_cannot_be_searched(place: Place) -> None:
    with pytest.raises(UserError, match="no completed training yet"):
        base_run(place.workspace, "demo")
    with pytest.raises(UserError, match="there is no project 'dmo'; did you mean 'demo'"):
        base_run(place.workspace, "dmo")


def test_bayesian_proposals_lie_in_the_space_and_follow_from_the_trials(place: Place) -> None:
    pytest.importorskip("optuna")
    space = {"linear": {**DRAWN["linear"], "penalty": ["l2", "l1"]}}
    drawn = []
    for _ in range(2):
        search = place.begin(space, method="bayesian", trials=14, seed=3)
        place.work(search)
        trials = place.trials(search)
        assert all(t.state in ("completed", "pruned") for t in trials)
        assert all(0.001 <= t.settings["C"] <= 10.0 for t in trials[1:])
        drawn.append([t.settings for t in trials])
    assert drawn[0] == drawn[1], "the same trials and seed propose the same"
    assert len({str(one) for one in drawn[0]}) == 14


@pytest.mark.usefixtures("sealed_here")
def test_a_training_that_was_stopped_in_its_search_goes_on_with_it(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    wanted = settings(
        training__family_settings=LIGHT, search__space=DRAWN, search__trials=5, search__method="random", data__folds=2
    )
    run = prepare(workspace, table(160).select(FEATURES), wanted).run
    stop, done = threading.Event(), []

    def report(event: dict[str, Any]) -> None:
        if event["kind"] == "search_trial" and event["state"] == "completed":
            done.append(event["number"])
            if len(done) == 2:
                stop.set()

    search_first(workspace, run.id, time.time(), report=report, stop=stop)
    before = dict(rows_of(workspace, "select number, scores from search_trial where state = 'completed'"))
    assert sorted(before) == [0, 1]
    result = execute(workspace, run.id, 1, time.time())
    after = dict(rows_of(workspace, "select number, scores from search_trial where state = 'completed'"))
    assert sorted(after) == [0, 1, 2, 3, 4] and {n: after[n] for n in before} == before
    assert rows_of(workspace, "select number, state from search") == [(1, "finished")]
    assert [t["number"] for t in result["search"]["trials"]] == [0, 1, 2, 3, 4]
    assert result["plan"]["reasons"][-1].startswith(
        ("linear_tuned: the best settings of search s1", "the settings that")
    )
