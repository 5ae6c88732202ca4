"""When a schedule runs next, in words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def next_times(cron: str, zone: str, after: float, *, count: int = 3) -> list[str]:
    """The next moments of a cron line in its own time zone.

    Args:
        cron: five fields.
        zone: an IANA name.
        after: seconds since 1970.
        count: so many.

    Raises:
        UserError: the line or the zone cannot be read.

    Example:
        >>> next_times("0 3 * * 1", "UTC", 0.0, count=2)
        ['Monday 5 January 1970 at 03:00', 'Monday 12 January 1970 at 03:00']
    """
    from trainwright.jobs.schedule import next_moment

    words = []
    for _ in range(count):
        after = next_moment(cron, zone, after)
        when = datetime.fromtimestamp(after, ZoneInfo(zone))
        words.append(f"{when:%A} {when.day} {when:%B %Y} at {when:%H:%M}")
    return words
