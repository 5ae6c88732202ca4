"""The contract of `Estimator`, run over every family and task."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from models_contract_data import TARGETS, files_of, fitted, make, quick, strange_rows, table

from trainwright.data.columns import Columns, Dataset, Layout
from trainwright.errors import UserError
from trainwright.models.extras import install_command, is_installed
from trainwright.models.families import families
from trainwright.models.settings import allowed, check_settings, settings_table

# These answer from our own arrays; a process that predicts with them must not pay for a learning library.
LIBRARY = ("lightgbm", "catboost", "xgboost", "text_embedding", "text_transformer")
OWN = [name for name, spec in families().items() if name not in LIBRARY and is_installed(spec)]
ABSENT = {
    name: [pytest.mark.skip(reason=f"{install_command(spec)} brings its library")]
    for name, spec in families().items()
    if not is_installed(spec)
}
EVERY = [
    pytest.param(name, task, id=f"{name}-{task}", marks=ABSENT.get(name, []))
    for name, spec in families().items()
    for task, target in TARGETS.items()
    if target.task in spec.tasks
]
CLASSES = [case for case in EVERY if case.values[1] != "number"]


def check_prediction(prediction: np.ndarray, n: int, task: str) -> None:
    width = TARGETS[task].n_outputs
    assert prediction.shape == ((n,) if task == "number" else (n, width))
    assert np.isfinite(prediction).all()
    if task != "number":
        assert (prediction >= 0).all()
        np.testing.assert_allclose(prediction.sum(axis=1), 1, atol=1e-9)


@pytest.mark.parametrize(("family", "task"), EVERY)
def test_predictions_have_the_promised_shape(family: str, task: str) -> None:
    X, _ = table(task)
    held = X.take(np.arange(200, 240))
    check_prediction(fitted(family, task).predict(held), 40, task)
    check_prediction(fitted(family, task).predict(held.take(np.arange(1))), 1, task)


@pytest.mark.parametrize(("family", "task"), [case for case in EVERY if case.values[0] in OWN])
def test_no_rows_give_no_predictions(family: str, task: str) -> None:
    X, _ = table(task)
    check_prediction(fitted(family, task).predict(X.take(np.arange(0))), 0, task)


@pytest.mark.parametrize(("family", "task"), EVERY)
def test_missing_unseen_and_far_values_never_fail(family: str, task: str) -> None:
    X, _ = table(task)
    check_prediction(fitted(family, task).predict(strange_rows(X)), 4, task)


@pytest.mark.parametrize(("family", "task"), [case for case in EVERY if case.values[0] != "baseline"])
def test_it_learns_more_than_the_prior(family: str, task: str) -> None:
    X, y = table(task)
    rows = np.arange(200, 240)
    prediction = fitted(family, task).predict(X.take(rows))
    prior = fitted("baseline", task).predict(X.take(rows))
    if task == "number":
        assert ((prediction - y[rows]) ** 2).mean() < 0.8 * ((prior - y[rows]) ** 2).mean()
    else:
        truth = np.eye(TARGETS[task].n_outputs)[y[rows]]
        assert ((prediction - truth) ** 2).mean() < 0.9 * ((prior - truth) ** 2).mean()


@pytest.mark.parametrize(("family", "task"), EVERY)
def test_same_rows_and_seed_give_the_same_bytes(family: str, task: str, tmp_path: Path) -> None:
    X, y = table(task)
    rows = np.arange(200)
    again = make(family, task).fit(X.take(rows), y[rows], seed=3)
    first = files_of(fitted(family, task), tmp_path / "first")
    assert first and files_of(again, tmp_path / "second") == first


@pytest.mark.parametrize(("family", "task"), EVERY)
def test_a_saved_model_predicts_the_same(family: str, task: str, tmp_path: Path) -> None:
    model = fitted(family, task)
    first = files_of(model, tmp_path / "first")
    loaded = type(model).load(tmp_path / "first", TARGETS[task])
    X, _ = table(task)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    np.testing.assert_array_equal(loaded.predict(strange_rows(X)), model.predict(strange_rows(X)))
    assert loaded.iterations == model.iterations
    if family in OWN:  # CatBoost lays its file out anew
        assert files_of(loaded, tmp_path / "second") == first


@pytest.mark.parametrize(("family", "task"), EVERY)
def test_files_hold_no_pickle(family: str, task: str, tmp_path: Path) -> None:
    for name, content in files_of(fitted(family, task), tmp_path / "model").items():
        parts = {name: content}
        if content[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                parts = {member: archive.read(member) for member in archive.namelist()}
        for part, data in parts.items():
            assert not (data[:1] == b"\x80" and data[1:2] <= b"\x05"), part  # protocols 2 to 5
            assert b"csklearn" not in data and b"cnumpy" not in data, part  # the GLOBAL opcode of protocol 0
            if part.endswith(".npy"):
                np.load(io.BytesIO(data), allow_pickle=False)


@pytest.mark.parametrize(("family", "task"), EVERY)
def test_weights_decide_between_rows_that_disagree(family: str, task: str) -> None:
    X, y = table(task)
    rows = np.tile(np.arange(100), 2)
    told = np.concatenate([y[:100], np.full(100, y.max() if task == "number" else 1, dtype=y.dtype)])
    answers = []
    for share in (0.1, 10.0):  # what the second telling of the same rows counts
        weight = np.repeat([1.0, share], 100)
        answers.append(make(family, task).fit(X.take(rows), told, sample_weight=weight).predict(X))
    low, high = (answer if task == "number" else answer[:, 1] for answer in answers)
    assert high.mean() > low.mean() + 0.1 * (y.std() if task == "number" else 1)


@pytest.mark.parametrize(("family", "task"), CLASSES)
def test_an_absent_class_gets_probability_zero(family: str, task: str) -> None:
    X, y = table(task)
    last = TARGETS[task].n_outputs - 1
    rows = np.flatnonzero(y != last)[:150]
    prediction = make(family, task).fit(X.take(rows), y[rows]).predict(X)
    check_prediction(prediction, len(X), task)
    assert (prediction[:, last] == 0).all()


@pytest.mark.parametrize(("family", "task"), EVERY)
def test_a_constant_target_is_predicted(family: str, task: str, tmp_path: Path) -> None:
    X, y = table(task)
    constant = np.full_like(y, 1)
    model = make(family, task).fit(X, constant)
    files_of(model, tmp_path / "model")
    for one in (model, type(model).load(tmp_path / "model", TARGETS[task])):
        prediction = one.predict(X)
        check_prediction(prediction, len(X), task)
        np.testing.assert_allclose(prediction if task == "number" else prediction[:, 1], 1, atol=1e-6)


@pytest.mark.parametrize(("family", "task"), EVERY)
def test_one_row_of_each_class_is_enough_to_answer(family: str, task: str) -> None:
    X, y = table(task)
    rows = np.unique(y, return_index=True)[1][:4]
    model = make(family, task).fit(X.take(rows), y[rows])
    check_prediction(model.predict(X), len(X), task)


@pytest.mark.parametrize(("family", "task"), EVERY)
def test_without_features_the_prior_answers(family: str, task: str, tmp_path: Path) -> None:
    _, y = table(task)
    n = len(y)
    empty = Columns(
        np.empty((n, 0)),
        np.empty((n, 0), dtype=np.int32),
        np.empty((n, 0)),
        np.empty((n, 0), dtype=object),
        Layout((), (), (), (), ()),
    )
    model = make(family, task).fit(empty, y)
    prior = y.mean() if task == "number" else np.bincount(y) / n
    np.testing.assert_allclose(model.predict(empty), np.broadcast_to(prior, model.predict(empty).shape), rtol=1e-6)


@pytest.mark.parametrize(("family", "task"), EVERY)
def test_validation_rows_are_accepted(family: str, task: str) -> None:
    X, y = table(task)
    rows, inner = np.arange(160), np.arange(160, 200)
    held = Dataset(X.take(inner), y[inner], inner)
    model = make(family, task).fit(X.take(rows), y[rows], validation=held)
    check_prediction(model.predict(X), len(X), task)


@pytest.mark.parametrize(("family", "task"), EVERY)
def test_labels_of_rows_left_out_leave_no_trace(family: str, task: str, tmp_path: Path) -> None:
    X, y = table(task)
    noisy = y.copy()
    noisy[200:] = noisy[200:][::-1]
    data = Dataset(X, noisy, np.arange(len(y))).take(np.arange(200))
    model = make(family, task).fit(data.columns, data.y, seed=3)
    assert files_of(model, tmp_path / "a") == files_of(fitted(family, task), tmp_path / "b")


@pytest.mark.parametrize(("family", "task"), EVERY)
def test_contributions_name_the_features(family: str, task: str) -> None:
    X, _ = table(task)
    pushes = fitted(family, task).contributions(X)
    if pushes is not None:
        assert set(pushes) == set(X.layout.names)
        assert all(push.shape == (len(X),) and np.isfinite(push).all() for push in pushes.values())


@pytest.mark.parametrize("family", list(families()))
def test_settings_outside_their_range_are_refused(family: str) -> None:
    spec = families()[family]
    for setting in spec.settings:
        takes_true = True in setting.choices or {"on", "off"} <= set(setting.choices)
        wrong = ["no such choice"] if takes_true else ["no such choice", True]
        wrong += [setting.low - 1] if setting.low is not None else []
        wrong += [setting.high + 1] if setting.high is not None else []
        for value in wrong:
            with pytest.raises(UserError, match=setting.name) as caught:
                check_settings(spec, {setting.name: value})
            assert allowed(setting) in str(caught.value)
        assert check_settings(spec, {setting.name: setting.default}) == spec.defaults()
    with pytest.raises(UserError, match="no setting 'nosuchthing'"):
        check_settings(spec, {"nosuchthing": 1})


@pytest.mark.parametrize("family", list(families()))
def test_an_invalid_setting_is_refused_before_fitting(family: str) -> None:
    X, y = table("two")
    with pytest.raises(UserError, match="nosuchthing"):
        families()[family].load()(TARGETS["two"], {"nosuchthing": 1}).fit(X, y)


@pytest.mark.parametrize("value", [2.5, float("nan"), "5", True])
def test_a_count_takes_whole_numbers_only(value: object) -> None:
    with pytest.raises(UserError, match="a whole number from 1 to 64 or null"):
        check_settings(families()["forest"], {"max_depth": value})
    assert check_settings(families()["forest"], {"max_depth": 5.0})["max_depth"] == 5


def test_on_and_off_are_taken_as_yaml_reads_them() -> None:
    network = families()["neural_network"]
    assert [check_settings(network, {"compile": value})["compile"] for value in (True, False)] == ["on", "off"]


def test_a_misspelt_setting_names_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'max_depth'"):
        check_settings(families()["forest"], {"maxdepth": 3})


@pytest.mark.parametrize("family", list(families()))
def test_the_quick_setting_counts_iterations(family: str) -> None:
    spec = families()[family]
    if quick(spec) and is_installed(spec):
        assert 1 <= fitted(family, "two").iterations <= 12


def run_python(code: str, *arguments: str) -> str:
    here = str(Path(__file__).parent)
    code = f"import sys\nsys.path.insert(0, {here!r})\n" + code
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


HEAVY = (
    "('sklearn', 'scipy', 'lightgbm', 'catboost', 'torch', 'skops', 'pandas', 'plotly', 'interpret', 'xgboost', "
    "'transformers')"
)


def test_specs_import_no_learning_library() -> None:
    code = f"""
from trainwright.models.families import families
assert len(families()) >= 10
print([name for name in {HEAVY} if name in sys.modules])
"""
    assert run_python(code) == "[]"


def test_predicting_imports_no_learning_library(tmp_path: Path) -> None:
    for family in OWN:
        for task in ("two", "number"):
            files_of(fitted(family, task), tmp_path / f"{family}-{task}")
    code = f"""
from pathlib import Path
from models_contract_data import TARGETS, families, table
for folder in sorted(Path(sys.argv[1]).iterdir()):
    family, task = folder.name.rsplit("-", 1)
    families()[family].load().load(folder, TARGETS[task]).predict(table(task)[0])
print([name for name in {HEAVY} if name in sys.modules])
"""
    assert run_python(code, str(tmp_path)) == "[]"


@pytest.mark.parametrize("family", list(families()))
def test_its_page_lists_the_settings_as_they_are(family: str) -> None:
    spec = families()[family]
    page = Path(__file__).parents[2] / "docs" / "families" / f"{family}.md"
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {spec.title} (`{family}`)")
    if spec.settings:
        assert settings_table(spec) in text, f"replace the table of {page.name} by:\n{settings_table(spec)}"
