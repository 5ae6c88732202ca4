"""A base model of the workspace's own gallery goes when nothing begins from it, and stays while something does."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from click.testing import CliRunner

from trainwright.cli.gallery import COMMAND
from trainwright.errors import UserError
from trainwright.models.gallery import gallery
from trainwright.packages.gallery import FILE, KIND, SUBJECT, entries, remove_base
from trainwright.store import tables
from trainwright.store.files import name_artifact, publish
from trainwright.store.projects import ensure_project
from trainwright.store.runs import ask_cancel, create_run
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace, open_workspace

NAME = "our-mails"


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """A workspace whose gallery has one entry."""
    workspace = open_workspace(tmp_path / "ws")
    model = {**asdict(next(iter(gallery().values()))), "name": NAME}
    facts = {"version": "mails@v1", "base": "fine-tuned from minilm", "model": model}
    published = publish(workspace, KIND, lambda folder: (folder / FILE).write_text(json.dumps(facts)) and None)
    with write(workspace) as connection:
        ensure_project(connection, "mails")
        name_artifact(connection, published, SUBJECT + NAME, now=0.0)
    return workspace


def test_an_entry_stays_while_a_run_that_is_not_over_begins_from_it(space: Workspace) -> None:
    folder = entries(space)[NAME].folder
    with write(space) as connection:
        given = {"training": {"family_settings": {"text_embedding": {"base_model": NAME}}}}
        waits = create_run(connection, 1, name="r", settings=given)
    with pytest.raises(UserError, match=f"run {waits.id} begins from the base model 'our-mails'; delete"):
        remove_base(space, NAME)
    assert folder.is_dir() and NAME in entries(space)
    with write(space) as connection:
        ask_cancel(connection, waits.id, "not needed")
    words = ["remove", NAME, "--workspace", str(space.path)]
    said = CliRunner().invoke(COMMAND, words, catch_exceptions=False).output
    assert "our-mails, from mails@v1, is removed" in said
    assert not folder.exists() and entries(space) == {}


def test_an_entry_stays_while_a_kept_version_or_a_schedule_begins_from_it(space: Workspace) -> None:
    folder = entries(space)[NAME].folder
    plan = {"steps": [{"family": "text_transformer", "settings": {"base_model": str(folder)}}]}
    with write(space) as connection:
        run = create_run(connection, 1, name="r", settings={})
        ask_cancel(connection, run.id, "over")
        connection.execute(tables.run.update().values(plan=plan))
        values = {"manifest_sha": "m", "artifact": "a", "bytes": 1, "state": "kept", "created": 0.0}
        connection.execute(tables.version.insert().values(project_id=1, number=4, run_id=run.id, **values))
        settings = {"settings": {"training": {"family_settings": {"text_embedding": {"base_model": NAME}}}}}
        schedule = {"cron": "0 3 * * 1", "zone": "UTC", "kind": "full", "settings": settings, "source": "/x.csv"}
        row = {**schedule, "enabled": True, "next_at": 1.0, "created": 0.0, "who": "ann"}
        connection.execute(tables.schedule.insert().values(project_id=1, **row))
    with pytest.raises(UserError, match="mails@v4, schedule 1 begin from the base model"):
        remove_base(space, NAME)
    with write(space) as connection:
        connection.execute(tables.version.update().values(state="deleted"))
        connection.execute(tables.schedule.update().values(enabled=False))
    assert remove_base(space, NAME, who="ann").version == "mails@v1"


def test_only_what_the_workspace_published_can_be_removed(space: Workspace) -> None:
    for name, words in (
        ("nothing", "is none that this workspace published"),
        ("minilm", "is one of the gallery itself"),
    ):
        with pytest.raises(UserError, match=words):
            remove_base(space, name)
