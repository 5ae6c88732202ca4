"""A table looked at before any job: statistics, findings, split, plan; nothing is written."""

from __future__ import annotations

from typing import Any

from trainwright.web.api.jobs import Table, table_and_settings
from trainwright.web.api.nouns import noun
from trainwright.web.requests import Children, Space
from trainwright.web.security.roles import Role, least
from trainwright.web.wording import told

router = noun("data")


@router.post("/examine", operation_id="examine")
@least(Role.REVIEWER)
def examine(space: Space, children: Children, body: Table) -> dict[str, Any]:
    """What an upload or a dataset version holds, what is wrong with it, and what would be trained on it: `rows`,
    `target`, `schema`, `split`, `statistics`, `findings`, `checks`, `notes`, and `plan` with estimated seconds and
    memory. For an upload the settings name `data.target`; for a dataset version `project` and `data.version`, of
    which the sealed test is not read. Nothing is written."""
    found: dict[str, Any] = children.ask("look", **table_and_settings(space, body))
    return found | {"findings": told(found["findings"])}
