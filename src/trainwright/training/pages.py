"""The report and the model card of a run, published together as one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trainwright.errors import TrainwrightError
from trainwright.store.files import Published, publish
from trainwright.store.workspace import Workspace

REPORT_FILE = "report.html"
CARD_FILE = "model_card.md"


def publish_pages(workspace: Workspace, result: dict[str, Any], evaluations: dict[str, Any]) -> Published:
    """Writes both pages and puts the report's place into the result document.

    A page that cannot be drawn must not cost the model: the page says what happened, the figures stay in the workspace.

    Args:
        workspace: where.
        result: the result document; its `report` is set.
        evaluations: evaluation documents by part, "validation" and "test".
    """
    from trainwright.evaluate.card import write_card
    from trainwright.evaluate.report import write_report

    def fill(folder: Path) -> None:
        for write_page, name in ((write_report, REPORT_FILE), (write_card, CARD_FILE)):
            try:
                write_page(result, evaluations, folder / name)
            except TrainwrightError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever breaks a page is said on it
                (folder / name).write_text(f"This page could not be written: {type(error).__name__}: {error}\n")

    page = publish(workspace, "report", fill)
    result["report"] = str(page.path / REPORT_FILE)
    return page
