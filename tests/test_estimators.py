"""The scikit-learn estimators keep scikit-learn's contract, and read what its users hand over."""

from __future__ import annotations

from sklearn.utils.estimator_checks import parametrize_with_checks

import trainwright as tw

WEIGHTS = (
    "A row of weight 2 is one row: it lies in one fold and a forest draws it as one, while two equal rows may lie in "
    "two folds."
)
EXEMPT = {"check_sample_weight_equivalence_on_dense_data": WEIGHTS}


@parametrize_with_checks(
    [tw.TabularClassifier(), tw.TabularRegressor()], expected_failed_checks=lambda estimator: EXEMPT
)
def test_scikit_learn_check(estimator, check):
    check(estimator)
