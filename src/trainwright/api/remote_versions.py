"""What a server does with versions: predict, compare, decide, answer, and hand out."""

from __future__ import annotations

import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwright.api.remote_calls import Calls, read_here
from trainwright.api.remote_results import RemotePredictor, both
from trainwright.errors import UserError

COST_FILES = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Versions(Calls):
    """The verbs about versions."""

    def load(self, name: str, *, decision: str | None = None) -> RemotePredictor:
        """A version that predicts on the server: "adult" for the active one, "adult@v2" for a certain one."""
        project, _, version = name.partition("@")
        if version:
            self.call("GET", f"/projects/{project}/versions/{version}")
        else:
            self.call("GET", f"/projects/{project}")
        return RemotePredictor(self, name, decision)

    def projects(self) -> list[dict[str, Any]]:
        """Every project at a glance, by name."""
        return list(self.all_of("/projects"))

    def versions(self, project: str) -> list[dict[str, Any]]:
        """The versions of a project, the newest first."""
        return list(self.all_of(f"/projects/{project}/versions"))

    def activate(self, name: str, *, decision: str | None = None) -> dict[str, Any]:
        """Lets a version such as "adult@v2" answer from now on."""
        project, version = both(name)
        path = f"/projects/{project}/versions/{version}/activate"
        found: dict[str, Any] = self.call("POST", path, {"decision": decision})
        return found

    def rollback(self, project: str) -> dict[str, Any]:
        """Returns to what answered before."""
        found: dict[str, Any] = self.call("POST", f"/projects/{project}/rollback")
        return found

    def delete(self, name: str) -> None:
        """Removes the package of a version such as "adult@v2"."""
        project, version = both(name)
        self.call("DELETE", f"/projects/{project}/versions/{version}")

    def compare(self, first: str, second: str, data: Any = None) -> dict[str, Any]:
        """Two versions of a project side by side, with a table on rows that neither was trained on."""
        (project, one), (other, two) = both(first), both(second)
        if project != other:
            raise UserError(f"{first} and {second} belong to two projects", remedy="compare versions of one project")
        body = {"first": one, "second": two, "upload": None if data is None else self.upload(data)}
        found: dict[str, Any] = self.call("POST", f"/projects/{project}/compare", body)
        return found

    def compare_runs(self, *runs: str | int) -> dict[str, Any]:
        """Two or three runs side by side, the later ones against the first, as `tw.compare_runs` gives them."""
        found: dict[str, Any] = self.call("POST", "/runs/compare", {"runs": [str(run) for run in runs]})
        return found

    def decide(
        self,
        name: str,
        *,
        cost: Any = None,
        capacity: str | float | None = None,
        min_precision: float | None = None,
        min_recall: float | None = None,
        recall_at: float | None = None,
        beta: float | None = None,
        threshold: float | None = None,
        by: str | None = None,
        review_band: bool = False,
        max_width: str | float | None = None,
        prevalence: Any = None,
        use: bool = False,
    ) -> dict[str, Any]:
        """From which probability on to act; arguments and result are those of `tw.decide`.

        A cost file is read here and its content sent.
        """
        row = self.version_of(name)
        body = {
            "cost": read_here(cost, COST_FILES, "good: {bad: 20}"),
            "capacity": capacity, "min_precision": min_precision, "min_recall": min_recall, "recall_at": recall_at,
            "beta": beta, "threshold": threshold, "by": by, "review_band": review_band, "max_width": max_width,
            "prevalence": prevalence, "use": use,
        }  # fmt: skip
        path = f"/projects/{row['project']}/versions/{row['version']}/decisions"
        found: dict[str, Any] = self.call("POST", path, body)
        return found

    def export(
        self,
        name: str,
        format: str = "onnx",
        to: str | Path | None = None,
        *,
        decision: str | None = None,
        int8: bool = False,
    ) -> dict[str, Any]:
        """Writes a version for other programs on this machine; arguments and result are those of `tw.export`.

        The server makes the export and compares its answers; the files are fetched and put where `to` says.
        """
        from trainwright.packages.disk import disk_problems
        from trainwright.packages.export.place import RECORD, check_place, filled_beside, is_file, publish

        row = self.version_of(name)
        place = check_place(to, format, f"{row['project']}-{row['version']}-{format}")
        path = f"/projects/{row['project']}/versions/{row['version']}/export"
        asked = {"format": format, "decision": decision, "int8": "true" if int8 else None}
        with tempfile.TemporaryDirectory() as folder, disk_problems(place), filled_beside(place) as filled:
            _unpack(self.caller.fetch(path, asked, Path(folder) / "export.zip"), filled)
            record = json.loads((filled / RECORD).read_text(encoding="utf-8"))
            if is_file(place) and next(filled.glob("tokenizer*"), None) is not None:
                raise UserError(
                    f"{place} names a file, but {record['version']} reads texts, whose tokenizer lies beside it",
                    remedy="give the name of a folder",
                )
            found = sorted(p for p in filled.rglob("*") if p.is_file())
            files = {p.relative_to(filled).as_posix(): p.stat().st_size for p in found}
            publish(filled, place)
        return {**record, "path": str(place), "files": files, "size_mb": sum(files.values()) / 1e6}

    def download(self, name: str, to: str | Path | None = None) -> Path:
        """Fetches the package of a version, as a zip file, and returns where it lies."""
        row = self.version_of(name)
        place = Path(to or f"{row['project']}-{row['version']}.zip")
        return self.caller.fetch(f"/projects/{row['project']}/versions/{row['version']}/package", {}, place)

    def report(self, run: int, to: str | Path | None = None) -> Path:
        """Fetches the report of a run, and returns where it lies."""
        return self.caller.fetch(f"/runs/{run}/report", {}, Path(to or f"run-{run}-report.html"))


def _unpack(archive: Path, folder: Path) -> None:
    """Puts the files of an export, which lie in one folder inside the archive, into a folder of ours."""
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            name = entry.filename.partition("/")[2]
            if name and not entry.is_dir():
                entry.filename = name  # what leads out of the folder is left off by `extract`
                packed.extract(entry, folder)
