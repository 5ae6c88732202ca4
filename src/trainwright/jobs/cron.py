"""Moments of cron lines, in a time zone."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trainwright.errors import UserError

# A cron line whose next moment is further away than this has none ("0 0 30 2 *").
FURTHEST_YEARS = 10


def next_moment(cron: str, zone: str, after: float) -> float:
    """The first moment of a cron line later than another. Where clocks are set forward, a moment that does not exist
    comes right after the gap; where they are set back, an hourly one comes twice and a daily one once, as in Debian's
    cron.

    Args:
        cron: five fields.
        zone: an IANA name such as "Europe/Zurich".
        after: seconds since 1970.

    Raises:
        UserError: the line or the zone cannot be read, or the line has no moment within ten years.

    Example:
        >>> next_moment("0 3 * * 1", "UTC", 0.0) / 86400  # the first Monday of 1970, 3 o'clock
        4.125
        >>> next_moment("0 25 * * *", "UTC", 0.0)
        Traceback (most recent call last):
            ...
        trainwright.errors.UserError: '0 25 * * *' is no cron line (Bad hour); ...
    """
    from cronsim import CronSim, CronSimError

    remedy = 'write minute, hour, day, month, weekday: "0 3 * * 1" is every Monday at 3:00'
    try:
        place_of = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError(f"there is no time zone {zone!r}", remedy="give a name such as Europe/Zurich or UTC") from None
    if len(cron.split()) != 5:
        raise UserError(f"{cron!r} is no cron line (it has {len(cron.split())} fields, not 5)", remedy=remedy)
    try:
        found = next(CronSim(cron, datetime.fromtimestamp(after, place_of)))
    except CronSimError as error:
        raise UserError(f"{cron!r} is no cron line ({error})", remedy=remedy) from None
    except StopIteration:
        raise UserError(f"{cron!r} has no moment that ever comes", remedy=remedy) from None
    if found.astimezone(UTC).year > datetime.fromtimestamp(after, UTC).year + FURTHEST_YEARS:
        raise UserError(f"{cron!r} has no moment within {FURTHEST_YEARS} years", remedy=remedy)
    return found.timestamp()


def passed(cron: str, zone: str, first: float, at: float) -> tuple[float, int]:
    """The latest moment that has passed, and how many there were.

    Args:
        cron, zone: see `next_moment`.
        first: a moment of the line that has passed.
        at: the present one.

    Example:
        >>> passed("0 * * * *", "UTC", 3600.0, 3 * 3600.0 + 5.0)
        (10800.0, 3)
    """
    from cronsim import CronSim

    latest, count = first, 1
    for later in CronSim(cron, datetime.fromtimestamp(latest, ZoneInfo(zone))):
        if later.timestamp() > at:
            break
        latest, count = later.timestamp(), count + 1
    return latest, count


def local_zone() -> str:
    """The name of this machine's time zone; "UTC" where it does not say."""
    candidates = [os.environ.get("TZ", "").removeprefix(":")]
    with contextlib.suppress(OSError):
        candidates.append(str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2])
    for name in candidates:
        try:
            if name:
                return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return "UTC"
