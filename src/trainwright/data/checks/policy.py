"""What the user wants done about findings: some codes are known and silenced, errors may end the training."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from trainwright.data.checks.finding import SEVERITIES, Finding, Findings
from trainwright.errors import UserError


def check_codes(codes: Collection[str]) -> None:
    """Refuses a code that no check has.

    Raises:
        UserError: naming it and the nearest.

    Example:
        >>> check_codes(["TW302"])
    """
    from trainwright.data.checks import checks
    from trainwright.data.notes import nearest

    for code in codes:
        if code not in checks():
            near = nearest(code, checks())
            raise UserError(
                f"data.ignore_findings names {code}, which no check reports",
                remedy=f"did you mean {near}?" if near else f"the codes are {', '.join(sorted(checks()))}",
            )


def silence(findings: Findings, codes: Collection[str]) -> Findings:
    """The findings without the details of silenced codes: one note for each says what is not shown.

    Example:
        >>> loud = Findings((Finding("TW302", "warning", "One class outweighs another."),), ())
        >>> [(f.severity, f.message) for f in silence(loud, ["TW302"]).findings]
        [('note', 'Silenced by data.ignore_findings: 1 warning of this check.')]
    """
    kept = [finding for finding in findings.findings if finding.code not in codes]
    for code in sorted(set(codes)):
        hushed = [finding for finding in findings.findings if finding.code == code]
        if hushed:
            kept.append(_note(code, hushed))
    outcomes = tuple(
        replace(outcome, reason="silenced by data.ignore_findings")
        if outcome.code in codes and outcome.state == "found"
        else outcome
        for outcome in findings.outcomes
    )
    return Findings(tuple(kept), outcomes)


def _note(code: str, hushed: Sequence[Finding]) -> Finding:
    counts = [(sum(f.severity == severity for f in hushed), severity) for severity in SEVERITIES]
    words = " and ".join(f"{n} {severity}{'s' if n > 1 else ''}" for n, severity in counts if n)
    return Finding(
        code=code,
        severity="note",
        message=f"Silenced by data.ignore_findings: {words} of this check.",
        columns=tuple(dict.fromkeys(name for finding in hushed for name in finding.columns)),
        evidence={"silenced": [finding.to_json() for finding in hushed]},
        remedy=f"to see it again, take {code} out of --ignore-findings",
    )


def stop_on_errors(findings: Sequence[Mapping[str, Any]]) -> UserError | None:
    """The error that ends a training with `--on-finding stop`; None when no finding is an error.

    Args:
        findings: as plain data, see `Finding.to_json`.
    """
    errors = [finding for finding in findings if finding["severity"] == "error"]
    if not errors:
        return None
    words = "; ".join(f"{finding['code']} {finding['message']}" for finding in errors)
    remedies = list(dict.fromkeys(finding["remedy"] for finding in errors if finding.get("remedy")))
    codes = ",".join(sorted({finding["code"] for finding in errors}))
    return UserError(
        f"stopped before training, as --on-finding stop asks: {words}",
        remedy="; ".join([*remedies, f"or accept it with --on-finding warn or --ignore-findings {codes}"]),
    )
