"""Writes a run for TensorBoard: a folder for the run, in it one for every candidate and fold, so that the same tag of
several folds is drawn in one picture.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from trainwright.store.workspace import Workspace
from trainwright.track import tensorboard_events as events
from trainwright.track.news import News
from trainwright.track.pictures import confusion_picture
from trainwright.track.series import series_of
from trainwright.track.summary import confusion_text, leaderboard_text, predictions_of, samples_text, settings_text
from trainwright.track.words import figures, folder_name, safe


class TensorBoardMirror:
    """A run as event files.

    Args:
        workspace: where the run lies.
        address: the folder that `tensorboard --logdir` is given.
        state: what an earlier mirror of the run noted: "files", the bytes of each. A file that is longer was cut off
            while it was written, and is continued from there; so nothing stands in it twice.
    """

    def __init__(self, workspace: Workspace, address: str, state: dict[str, Any]):
        self._workspace = workspace
        self._folder = Path(address)
        self._files: dict[str, int] = dict(state.get("files") or {})
        self._trials: list[str] = list(state.get("trials") or [])

    def is_whole(self, news: News) -> bool:
        """Whether everything noted as written is still there; a folder that was removed is written anew."""
        return all(self._size(self._path(news, name)) >= size for name, size in self._files.items())

    def state(self) -> dict[str, Any]:
        """What to note once `write` has returned."""
        return {"files": dict(self._files), "trials": list(self._trials)}

    def write(self, news: News) -> None:
        """Adds points and the scores of folds."""
        self._trials += [row.name for row in news.trials if row.name not in self._trials]
        records: dict[str, list[bytes]] = defaultdict(list)
        for point in news.points:
            series = series_of(point.name, self._trials)
            place = "/".join(safe(part) for part in (series.trial, series.fold) if part)
            value = float("nan") if point.value is None else point.value
            records[place].append(events.scalar(series.tag, round(point.step), value, point.at))
        for row in news.trials:
            for metric, score in (row.scores or {}).items():
                if isinstance(score, int | float):
                    found = events.scalar(f"Folds/{metric}", row.fold, float(score), row.created)
                    records[safe(row.name)].append(found)
        self._append(news, records)

    def finish(self, news: News) -> None:
        """Adds what is known at the end: figures, predictions, confusion matrices, candidates, settings and samples."""
        run, result = news.run, news.run.result or {}
        at = run.finished_at or run.created
        found = [events.scalar(name, 0, value, at) for name, value in figures(result).items()]
        for name, values in predictions_of(self._workspace, run).items():
            found.append(events.histogram(name, 0, values, at))
        texts = {
            "Settings": settings_text(run),
            "Leaderboard": leaderboard_text(result),
            "Samples/worst errors": samples_text(result),
            "Result": result.get("verdict") or (run.error or {}).get("message"),
        }
        for part, document in news.evaluations.items():
            if confusion := document.get("confusion"):
                found.append(events.image(f"Confusion matrix/{part}", 0, confusion_picture(confusion["matrix"]), at))
                texts[f"Confusion counts/{part}"] = confusion_text(confusion)  # a tag is a picture or a text
        found += [events.text(tag, 0, words, at) for tag, words in texts.items() if words]
        self._append(news, {"": found})

    def close(self) -> None:
        """Nothing stays open between two calls."""

    def _append(self, news: News, records: dict[str, list[bytes]]) -> None:
        """Writes records behind what is noted, file by file."""
        sizes = dict(self._files)
        for name, found in records.items():
            path = self._path(news, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            size = sizes.get(name, 0)
            with path.open("r+b" if path.exists() else "w+b") as file:
                file.truncate(size)
                file.seek(size)
                data = b"".join(found if size else [events.opening(news.run.created), *found])
                file.write(data)
                file.flush()
            sizes[name] = size + len(data)
        self._files = sizes

    def _path(self, news: News, name: str) -> Path:
        folder = self._folder / folder_name(news.project, news.run) / name
        return folder / f"events.out.tfevents.{int(news.run.created)}.trainwright.{news.run.id}"

    @staticmethod
    def _size(path: Path) -> int:
        return path.stat().st_size if path.exists() else 0
