"""A file of settings is read as its author meant it; a mistake is named with its line and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from trainwright.config.settings import Settings
from trainwright.config.source import load_settings
from trainwright.errors import EnvironmentProblem, TrainwrightError, UserError


def _refused(text: str, **options: object) -> str:
    with pytest.raises(UserError) as caught:
        load_settings(text=text, **options)  # type: ignore[arg-type]
    return str(caught.value)


def test_the_message_names_file_line_key_allowed_values_and_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("# my run\ntraining:\n  epochs: 3\n  optimizer: adm\n")
    with pytest.raises(UserError) as caught:
        load_settings(path)
    assert str(caught.value) == (
        "run.yaml line 4: optimizer must be one of adamw, adam, sgd, momentum, nesterov, rmsprop, got 'adm'; "
        "did you mean 'adam'?"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epoch: 3", ["line 1", "'epoch'", "did you mean 'epochs'?"]),
        (
            "training:\n  learnin_rate: 0.1\n  droput: 0.3\nsead: 1",
            ["line 2", "did you mean 'learning_rate'?", "also unknown: line 3 (droput), line 4 (sead)"],
        ),
        ("seed: 1\ndata:\n  tarket: x", ["line 3", "`data:`", "did you mean 'target'?"]),
        ("data:\n  dropout: 0.1", ["line 2", "belongs under `training:`"]),
        ("data:\n  dropuot: 0.1", ["line 2", "'dropout'", "belongs under `training:`"]),
        ("requirements:\n  project: x", ["line 2", "stands on its own"]),
        ("zzz: 1", ["line 1", "blocks: project, problem, data, training, requirements"]),
        (
            "training:\n  dropout: 1.5",
            ["line 2", "dropout must be a number of at least 0 and below 1", "'1.5'"],
        ),
        ("epochs: 0", ["line 1", "epochs must be at least 1, or auto; got 0"]),
        ("early_stopping: 0", ["early_stopping must be true, false or a number of epochs"]),
        ("layers: [64, 0]", ["layers must be a list of whole numbers of at least 1", "[64, 0]"]),
        ("learning_rate: .nan", ["learning_rate", "'.nan'"]),
        ("time_limit: soon", ["time_limit must be a span of time", "'soon'"]),
        ("test_size: 3", ["test_size must be a share from 0 to below 1", "'3'"]),
        (
            "kinds:\n  age: number\n  town: categroy",
            ["line 3", "kinds of 'town'", "did you mean 'category'?"],
        ),
        ("preset: fast", ["preset must be one of quick, balanced, production, limited-data"]),
        ("families: [linear, lightgmb]", ["line 1", "'lightgmb'", "did you mean 'lightgbm'?"]),
        ("model_type: transformer-xl", ["line 1", "there is no family 'transformer-xl'"]),
        ("metric: roc_acu", ["line 1", "did you mean 'roc_auc'?"]),
        ("family_settings:\n  lightgbm:\n    num_leafs: 9", ["line 3", "num_leafs", "'num_leaves'"]),
        ("family_settings:\n  lightgbm:\n    num_leaves: -9", ["line 3", "num_leaves", "-9"]),
        ("family_settings:\n  lihgtgbm: {}", ["line 2", "'lihgtgbm'"]),
        (
            "problem:\n  costs:\n    false_negative: many",
            ["line 3", "false_negative must be a number", "'many'"],
        ),
        ("data: 5", ["line 1", "`data:` holds keys with values", "'5'"]),
        ("weight_decay: 0.1\nl2_regularization: 0.1", ["line 1 and line 2", "give one of them"]),
        ("validation_from: 2026-01-01", ["line 1", "needs `time`"]),
        ("train_size: 0.7\ntest_size: 0.5", ["line 1 and line 2", "add up to 1.2"]),
        ("train_size: 0.6\ntest_size: 0.2\nvalidation_split: 0.1", ["add up to 0.9"]),
        ("test_file: t.csv\ntest_size: 0.2", ["line 1 and line 2", "give one of them"]),
    ],
)
def test_a_wrong_key_or_value_is_explained(text: str, words: list[str]) -> None:
    message = _refused(text)
    for word in words:
        assert word in message


def test_the_first_wrong_line_is_explained_and_the_others_are_named() -> None:
    message = _refused("dropout: 2\nepochs: -1\nmomentum: 7\n")
    assert message.startswith("line 1: dropout must be")
    assert message.endswith("also wrong: line 2 (epochs), line 3 (momentum)")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["holds no settings"]),
        ("# only a comment\n", ["holds no settings"]),
        ("- a\n- b\n", ["line 1", "expected keys with values", "a list"]),
        ("income", ["line 1", "'income'"]),
        ("seed: 1\nseed: 2\n", ["line 2", "'seed'", "already in line 1"]),
        ("training:\n\tepochs: 3\n", ["line 2", "tab", "use spaces"]),
        ("epochs: [3\n", ["this is not YAML"]),
        ("target: a: b\n", ["line 1", "this is not YAML"]),
        ("seed: 1\n---\nseed: 2\n", ["line 2", "second document"]),
        ("target: *nowhere\n", ["this is not YAML", "nowhere"]),
        ("data:\n  <<: {target: a}\n", ["line 2", "write the keys out"]),
        ("? [a, b]\n: 3\n", ["a key must be a word"]),
        ("comments: !!python/name:os.system ''\n", ["line 1", "!!python/name:os.system", "not allowed"]),
        ("training: !!python/object/apply:os.system [ls]\n", ["line 1", "not allowed"]),
        ("training: !!set {epochs}\n", ["!!set", "not allowed"]),
        ("a: &x [*x]\nignore: *x\n", ["line 1", "multiply without end"]),
        ("seed: " + "[" * 200 + "]" * 200, ["nested more than 30 deep"]),
        ("ignore: [" + "a, " * 60_000 + "]", ["too many values"]),
    ],
)
def test_what_is_not_a_file_of_settings_is_refused(text: str, words: list[str]) -> None:
    message = _refused(text)
    for word in words:
        assert word in message


def test_aliases_that_multiply_are_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    import time

    start = time.process_time()
    assert "alias" in _refused("\n".join(lines))
    assert time.process_time() - start < 10


def test_a_few_aliases_are_fine() -> None:
    settings = load_settings(text="ignore: &columns [a, b]\nunavailable_at_prediction: *columns\n")
    assert settings.data.ignore == settings.requirements.unavailable_at_prediction == ("a", "b")


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"does not exist.*config init"):
        load_settings(tmp_path / "none.yaml")
    with pytest.raises(UserError, match="is a folder"):
        load_settings(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"seed: 1\ntarget: caf\xe9\n")
    with pytest.raises(UserError, match=r"latin\.yaml line 2: this is not UTF-8"):
        load_settings(tmp_path / "latin.yaml")
    (tmp_path / "big.yaml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(UserError, match="larger than 1000 kB"):
        load_settings(tmp_path / "big.yaml")
    with pytest.raises((EnvironmentProblem, UserError)):
        load_settings("/dev/zero")


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfseed: 4\r\ntarget: x\r\n")
    assert load_settings(tmp_path / "bom.yaml").training.seed == 4


def test_names_of_columns_and_classes_are_taken_as_they_are_spelled() -> None:
    settings = load_settings(
        text="target: yes\npositive: 007\nignore: [2024, no, 1.50, null]\nmissing_marks: [-999, NA]\n"
        "test_from: 2026-03-01\ntime: on\nkinds: {2020: number}\nmin_recall: {no: 0.9}\n"
    )
    assert settings.data.target == "yes"
    assert settings.data.positive == "007"
    assert settings.data.ignore == ("2024", "no", "1.50", "null")
    assert settings.data.missing_marks == ("-999", "NA")
    assert settings.data.test_from == "2026-03-01"
    assert settings.data.time == "on"
    assert settings.data.kinds == {"2020": "number"}
    assert settings.requirements.min_recall == {"no": 0.9}


def test_numbers_as_people_write_them() -> None:
    settings = load_settings(
        text="learning_rate: 5e-5\nsample: 10%\ntest_size: 20%\ntime_limit: 1h30m\ngap: 7d\ntime: t\n"
        "family_settings: {linear: {}, catboost: {l2_leaf_reg: 1e1}}\n"
    )
    assert settings.training.learning_rate == 5e-5
    assert settings.training.sample == 0.1
    assert settings.data.test_size == 0.2
    assert settings.training.time_limit == 5400
    assert settings.data.gap == 604800
    assert settings.training.family_settings["catboost"] == {"l2_leaf_reg": 10.0}


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False), ("7", 7), ("1", 1), ("off", False)])
def test_early_stopping_is_a_truth_value_or_a_number_of_epochs(text: str, value: object) -> None:
    found = load_settings(text=f"early_stopping: {text}").training.early_stopping
    assert found == value and type(found) is type(value)
    assert load_settings(overrides={"early_stopping": text}).training.early_stopping == value


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("false", False), ("site", ("site",)), ("[a, b]", ("a", "b"))]
)
def test_stratify_is_a_truth_value_or_columns(text: str, value: object) -> None:
    assert load_settings(text=f"stratify: {text}").data.stratify == value


def test_a_key_without_a_value_is_not_given() -> None:
    settings = load_settings(text="training:\n  epochs:\n  seed: null\ndata:\nrequirements:\n")
    assert settings.origins == {}


def test_keys_of_the_split_stand_in_either_block_but_must_agree() -> None:
    both = "training:\n  validation_split: 0.2\ndata:\n  validation_split: {}\n"
    settings = load_settings(text=both.format("0.20"))
    assert settings.data.validation_split == 0.2
    message = _refused(both.format("0.3"))
    assert "line 4: validation_split is 0.3, but line 2 says 0.2" in message


def test_flags_win_over_the_file_and_the_file_over_the_preset(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("preset: production\nepochs: 7\ndropout: 0.2\n")
    settings = load_settings(path, overrides={"training.epochs": "9", "batch_size": None, "data.test_file": "t.csv"})
    training = settings.training
    assert (training.epochs, training.dropout, training.patience, training.step_size) == (9, 0.2, 10, None)
    assert settings.origin("training.epochs") == "--epochs"
    assert settings.origin("training.dropout") == "run.yaml line 3"
    assert settings.origin("training.patience") == "preset production"
    assert settings.origin("training.step_size") == "default"
    assert settings.origin("data.test_file") == "--test"
    flag = load_settings(path, overrides={"preset": "quick"})
    assert flag.data.folds == 3
    assert flag.origin("data.folds") == "preset quick"


def test_a_later_layer_takes_back_what_an_earlier_one_said_otherwise() -> None:
    text = "preset: limited-data\nweight_decay: 0.1\nmodel_type: svm\n"
    settings = load_settings(text=text)
    assert settings.training.l2_regularization is None
    assert settings.training.families is None
    settings = load_settings(text="preset: production\nearly_stopping: 3")
    assert settings.training.patience is None


def test_settings_of_a_family_are_merged_one_by_one() -> None:
    text = "preset: limited-data\nfamily_settings: {catboost: {depth: 5}, lightgbm: {num_leaves: 7}}"
    settings = load_settings(text=text)
    assert settings.training.family_settings == {
        "catboost": {"depth": 5, "l2_leaf_reg": 10.0},
        "lightgbm": {"num_leaves": 7},
    }


def test_a_wrong_flag_is_named_as_a_flag_and_an_argument_as_an_argument() -> None:
    with pytest.raises(UserError, match=r"^--learning-rate: learning_rate must be"):
        load_settings(overrides={"learning_rate": -1})
    with pytest.raises(UserError, match=r"^argument learning_rate: "):
        load_settings(overrides={"learning_rate": -1}, flags=False)
    with pytest.raises(UserError, match=r"there is no setting 'learn_rate'.*'learning_rate'"):
        load_settings(overrides={"learn_rate": 1})


def test_a_file_is_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("train_file: tables/a.csv\ntest_file: /elsewhere/b.csv\n")
    settings = load_settings(tmp_path / "run.yaml", overrides={"target": "y"})
    assert settings.data.train_file == str(tmp_path / "tables" / "a.csv")
    assert settings.data.test_file == "/elsewhere/b.csv"
    assert load_settings(overrides={"train_file": "a.csv"}).data.train_file == "a.csv"


def test_free_text_as_the_problem() -> None:
    assert load_settings(text="problem: Which parts to inspect again").problem.description == (
        "Which parts to inspect again"
    )


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin-1")))
@example("a: !!int x")
@example("epochs: !!int x")
@example("? ")
@example("{{}: 1}")
@example("seed: 9" + "9" * 5000)
@example("seed: !!timestamp x")
@example("\x00")
@example("%YAML 9.9\n---\na: 1")
def test_any_text_is_read_or_refused_with_a_message(text: str) -> None:
    try:
        load_settings(text=text)
    except TrainwrightError as error:
        assert str(error)


@given(
    st.dictionaries(
        st.sampled_from(["epochs", "seed", "target", "layers", "test_size", "data", "training", "kinds", "problem"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=6,
        ),
        max_size=4,
    )
)
def test_any_value_is_taken_or_refused_with_a_message(values: dict[str, object]) -> None:
    for options in ({"text": yaml.safe_dump(values, allow_unicode=True)}, {"overrides": values}):
        try:
            load_settings(**options)  # type: ignore[arg-type]
        except TrainwrightError as error:
            assert str(error)


def test_settings_of_a_family_as_flags() -> None:
    given = {"catboost.depth": "4", "catboost.l2_leaf_reg": "1e1", "lightgbm.features": "engineered"}
    settings = load_settings(
        text="family_settings: {catboost: {depth: 9, iterations: 7}}", overrides={"training.family_settings": given}
    )
    assert settings.training.family_settings == {
        "catboost": {"depth": 4, "iterations": 7, "l2_leaf_reg": 10.0},
        "lightgbm": {"features": "engineered"},
    }
    for wrong in ({"catboost": "4"}, {"catboost.": "4"}, {"catboost.dept": "4"}, {"catboost.depth": "99"}):
        with pytest.raises(UserError, match=r"--family-setting|depth"):
            load_settings(overrides={"training.family_settings": wrong})


def test_a_width_for_review_needs_low_and_high() -> None:
    written = "target: price\ntraining:\n  interval: false\nrequirements:\n  review_width: 20%\n"
    with pytest.raises(UserError) as refused:
        load_settings(text=written)
    assert "requirements.review_width: 20% (line 5)" in str(refused.value)
    assert "training.interval: false (line 3)" in str(refused.value)
    kept = load_settings(text=written, overrides={"training.interval": 0.8})  # a flag wins over the file
    assert kept.training.interval == 0.8 and kept.requirements.review_width == "20%"
    stored = Settings.from_json({**kept.to_json(), "training": {**kept.to_json()["training"], "interval": False}})
    assert stored.training.interval is False  # what an earlier release took is still read


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("beta: true", "beta must be a number above 0 and at most 100, got 'true'"),
        ("threshold: true", "threshold must be a number of at least 0 and at most 1, got 'true'"),
        ("min_recall: 95", "min_recall must be a number above 0 and below 1, got '95'"),
        ("min_precision: most%", "min_precision must be a number above 0 and below 1, got 'most%'"),
        ("cost: ''", "cost must be pairs such as fp=1 fn=20, or a table, got ''"),
    ],
)
def test_a_decision_takes_numbers_and_shares(text: str, words: str) -> None:
    assert words in _refused(f"decision:\n  {text}\n")
    kept = load_settings(text="decision:\n  threshold: 30%\n").decision
    assert kept.threshold == pytest.approx(0.3) and kept.given() == {"threshold": kept.threshold}
