"""A table looked at before any job: statistics, findings, split; nothing is written."""

from __future__ import annotations

from typing import Any

from trainwright.web.api.jobs import Table, table_and_settings
from trainwright.web.api.nouns import noun
from trainwright.web.problems import Refusal
from trainwright.web.requests import Children, Space
from trainwright.web.security.roles import Role, least
from trainwright.web.wording import told

router = noun("data")


@router.post("/examine", operation_id="examine")
@least(Role.REVIEWER)
def examine(space: Space, children: Children, body: Table) -> dict[str, Any]:
    """What an upload holds and what is wrong with it: `rows`, `target`, `schema`, `split`, `statistics`, `findings`,
    `checks`, `notes`. The settings name the target."""
    if body.upload is None:
        raise Refusal(422, "no upload is named", remedy="send the file to /api/v1/uploads first")
    found: dict[str, Any] = children.ask("examine", **table_and_settings(space, body))
    return found | {"findings": told(found["findings"])}
