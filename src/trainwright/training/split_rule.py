"""Which split the settings ask for, with the folds that the time limit affords."""

from __future__ import annotations

from trainwright.config.settings import Settings
from trainwright.data.split import SplitRule
from trainwright.training.options import RunOptions
from trainwright.training.plan import choose_folds

DEFAULT_SHARE = 0.15


def split_rule(settings: Settings, n_rows: int, options: RunOptions) -> SplitRule:
    """The rule of a run's split.

    A validation share asked for outright (`validation_split`, `train_size`) means one fixed validation part; otherwise
    the development rows are cross-validated. The template's validation share without a test share keeps the default
    test share, so that 65/20/15 remain.

    Example:
        >>> settings = Settings.model_validate({"data": {"validation_split": 0.2, "target": "y"}})
        >>> rule = split_rule(settings, 1000, RunOptions.from_settings(settings))
        >>> rule.holdout, rule.validation_size, rule.test_size
        (True, 0.2, 0.15)
    """
    data, training = settings.data, settings.training
    validation = data.validation_split
    if validation is None:
        validation = getattr(training, "validation_split", None)
    test = data.test_size
    if data.test_file is not None:
        test = 0.0
    if data.train_size is not None:
        if test is None and validation is None:
            test = validation = (1 - data.train_size) / 2
        elif test is None:
            test = max(0.0, 1 - data.train_size - float(validation or 0))
        elif validation is None:
            validation = max(0.0, 1 - data.train_size - test)
    holdout = validation is not None or data.validation_from is not None
    strata = data.stratify if isinstance(data.stratify, tuple) else ()
    folds = data.folds
    if folds is None and not holdout:
        folds = choose_folds(n_rows, options.limit)
    return SplitRule(
        test_size=DEFAULT_SHARE if test is None else test,
        validation_size=DEFAULT_SHARE if validation is None else validation,
        folds=folds,
        repeats=data.repeats,
        stratify=data.stratify is not False,
        strata=tuple(strata),
        group=data.group,
        time=data.time,
        gap=data.gap,
        cluster=data.cluster,
        shuffle=data.shuffle,
        seed=data.random_state if data.random_state is not None else training.seed,
        split_column=data.split_column,
        validation_from=data.validation_from,
        test_from=data.test_from,
        given_test=data.test_file is not None,
        holdout=holdout,
        most_rows=None if test is not None else 100_000,
    )
