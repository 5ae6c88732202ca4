"""Flags, schema, documentation and template come from the model and agree with it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from trainwright.config.document import page, show
from trainwright.config.durations import format_duration, parse_duration
from trainwright.config.flags import flag_name, flags, parse_pairs
from trainwright.config.places import all_keys, field_of
from trainwright.config.schema import json_schema
from trainwright.config.settings import Settings
from trainwright.config.source import load_settings
from trainwright.config.template import template
from trainwright.errors import UserError

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date() -> None:
    command = "from pathlib import Path; from trainwright.config.document import write_page"
    assert (ROOT / "docs" / "configuration.md").read_text() == page(), (
        f"run: python -c \"{command}; write_page(Path('docs/configuration.md'))\""
    )


@pytest.mark.parametrize("name", all_keys())
def test_every_key_has_guidance_and_an_example_that_is_accepted(name: str) -> None:
    field = field_of(name)
    assert field is not None and field.description and field.examples
    assert re.search(r"[.!?]$", field.description)
    companions = "time: t\n" if name in ("data.validation_from", "data.test_from", "data.gap") else ""
    if name in ("decision.by", "decision.prevalence"):
        companions = "beta: 2\n"
    block, _, key = name.rpartition(".")
    lines = f"{key}: {show(field.examples[0])}"
    for part in reversed(block.split(".") if block else []):
        lines = f"{part}:\n" + "\n".join(f"  {line}" for line in lines.splitlines())
    settings = load_settings(text=f"{companions}{lines}\n")
    assert settings.given(name)


def test_every_flag_belongs_to_one_key() -> None:
    names = Counter(flag.name for flag in flags())
    assert [name for name, count in names.items() if count > 1] == []
    assert {"--time-limit", "--test-size", "--learning-rate", "--test", "--kind", "--group"} <= set(names)
    assert flag_name("training.family_settings") == "--family-setting"
    by_key = {flag.key: flag for flag in flags()}
    assert by_key["training.preset"].choices == ("quick", "balanced", "production", "limited-data")
    assert by_key["training.deterministic"].switch and not by_key["training.early_stopping"].switch
    assert by_key["training.ensemble"].off and not by_key["training.ensemble"].switch
    assert by_key["data.kinds"].pairs and not by_key["data.ignore"].pairs


def test_pairs_on_the_command_line() -> None:
    assert parse_pairs(["a=b=c"], "--kind") == {"a=b": "c"}
    for wrong in (["a"], ["=b"], ["a=1", "a=2"]):
        with pytest.raises(UserError, match="--kind"):
            parse_pairs(wrong, "--kind")


def test_the_template_is_accepted_and_so_is_every_line_switched_on() -> None:
    text = template(train_file="adult.csv", target="yes: no #1")
    settings = load_settings(text=text)
    assert settings.data.target == "yes: no #1"
    assert set(settings.origins) == {"data.train_file", "data.target", "training.time_limit", "training.seed"}
    on = re.sub(r"^(  )# (\w+:)( |$)", r"\1\2\3", text, flags=re.MULTILINE)
    on = re.sub(r"^  #   (\w+: )", r"    \1", on, flags=re.MULTILINE)
    clashes = ("test_file", "train_size", "split_column", "l2_regularization", "warmup_ratio", "model_type", "resample")
    clashes += ("capacity", "min_precision", "min_recall", "recall_at", "beta", "threshold", "by")
    on = re.sub(rf"^  ({'|'.join(clashes)}): .*\n", "", on, flags=re.MULTILINE)
    settings = load_settings(text=on)
    assert len(settings.origins) > 70
    assert max(len(line) for line in text.splitlines()) <= 112


def test_the_schema_describes_bare_and_blocked_keys() -> None:
    schema = json_schema()
    properties = schema["properties"]
    assert {"training", "data", "epochs", "target", "max_latency_ms", "project"} <= set(properties)
    assert schema["additionalProperties"] is False
    assert properties["optimizer"]["anyOf"][0]["enum"] == ["adamw", "adam", "sgd", "momentum", "nesterov", "rmsprop"]
    assert properties["time_limit"]["description"]
    assert {"type": "string"} in properties["time_limit"]["anyOf"]
    assert {"type": "string"} in properties["sample"]["anyOf"]


def test_settings_survive_being_stored() -> None:
    text = "preset: limited-data\ntarget: y\nstratify: [a]\nlayers: [3, 2]\ntime_limit: 5m\nkinds: {a: text}"
    settings = load_settings(text=text)
    again = Settings.from_json(yaml.safe_load(yaml.safe_dump(settings.to_json())), settings.origins)
    assert again == settings and again.origins == settings.origins
    assert again.to_json() == settings.to_json()


def test_reading_settings_imports_no_table_and_no_learning_library() -> None:
    code = (
        "import sys, trainwright.config.settings, trainwright.config.source, trainwright.config.flags\n"
        "trainwright.config.source.load_settings(text='epochs: 3\\npreset: quick')\n"
        "heavy = {'polars', 'pandas', 'sklearn', 'scipy', 'sqlalchemy', 'lightgbm', 'catboost', 'plotly'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@given(st.floats(0.001, 5e6))
def test_a_formatted_span_is_read_back_within_its_rounding(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=0.06, abs=0.00051)


@pytest.mark.parametrize("wrong", ["soon", "5 parsecs", "", "-3", "m5", "5m and more", True, float("inf"), -1, None])
def test_what_is_no_span_of_time_is_refused(wrong: object) -> None:
    with pytest.raises(UserError, match="span of time"):
        parse_duration(wrong)
