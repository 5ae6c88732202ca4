"""What is said about a calibration: the names of its kinds, and why one was taken."""

from __future__ import annotations

from trainwright.evaluate.calibration import KINDS

WORDS = {
    "identity": "the models' own probabilities",
    "temperature": "one temperature",
    "sigmoid": "a sigmoid",
    "isotonic": "a rising curve (isotonic)",
}


def reason(kind: str, mean: dict[str, float]) -> str:
    """Why this kind, with the log-losses on folds that each was not fitted on.

    Args:
        kind: what was taken.
        mean: by kind, the log-loss.
    """
    before = mean["identity"]
    others = [name for name in mean if name not in ("identity", kind)]
    if kind == "identity":
        tried = "".join(f"; {WORDS[name]}: {mean[name]:.4f}" for name in others)
        said = "nothing does better beyond chance on folds that it was not fitted on"
        return f"{said} (log-loss {before:.4f} without calibration{tried})"
    text = f"{WORDS[kind]} lowers the log-loss on folds that it was not fitted on from {before:.4f} to {mean[kind]:.4f}"
    if mean[kind] >= before:
        text = f"{WORDS[kind]}, as recorded (log-loss {before:.4f} before, {mean[kind]:.4f} after)"
    freer = [name for name in others if KINDS.index(name) > KINDS.index(kind)]
    if freer:
        text += ", and " + ", ".join(f"{WORDS[name]} ({mean[name]:.4f})" for name in freer)
        text += f" {'does' if len(freer) == 1 else 'do'} not do better beyond chance"
    return text


def change(mean: dict[str, float], kind: str) -> str:
    """What a kind that was asked for does to the log-loss on folds that it was not fitted on."""
    if kind not in mean or kind == "identity":
        return ""
    return f": on folds that it was not fitted on the log-loss goes from {mean['identity']:.4f} to {mean[kind]:.4f}"
