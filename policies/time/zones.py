"""Wall clocks: from an aware moment to a zone's local reading, and from a local reading to the moment.

Owns the one rule for the days on which clocks change: a local time stands for **the first moment at which the
zone's clock shows it or a later time**. In the gap of spring that is the end of the gap; in the repeated hour of
autumn it is the first pass. The rule keeps order: a later local time is never an earlier moment, so windows that do
not overlap on the wall do not overlap in time. Must never guess a zone for a naive datetime. Called by windows, the
business calendar and the send window.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_ONE_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=512)
def zone_named(name: str) -> ZoneInfo:
    """The zone with this IANA name, such as "Europe/Berlin"; ValueError for an unknown one."""
    try:
        # Not names of places: the first is whatever the machine is set to, the folders are copies with other rules.
        if name == "localtime" or name.startswith(("posix/", "right/")):
            raise ValueError(name)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "Europe" is a folder of the zone database
        raise ValueError(f'zone "{name[:60]}": not an IANA time zone, write one such as Europe/Berlin') from None


@cache
def all_zones() -> frozenset[str]:
    """Every IANA name there is. Kept: the standard library walks through all folders of the zone database for each answer, 5 to 15 ms."""
    return frozenset(available_timezones())


def to_utc(at: datetime) -> datetime:
    """The same moment in UTC; ValueError for a naive datetime."""
    offset = at.utcoffset()
    if offset is None:
        raise ValueError(f"{at.isoformat()}: has no zone; moments must be aware")
    return at.astimezone(UTC)


def local_in(at: datetime, zone: str) -> datetime:
    """What the clocks of `zone` show at the aware moment `at`, as a datetime in that zone."""
    return to_utc(at).astimezone(zone_named(zone))


def moment_of(day: date, minute: int, zone: str) -> datetime:
    """The first moment, in UTC, at which the clock of `zone` shows `minute` minutes after midnight of `day` or later.

    `minute` runs from 0 to 1440; 1440 is the midnight that ends the day.
    """
    wall = datetime.combine(day, time.min) + timedelta(minutes=minute)
    tz = zone_named(zone)
    first = wall.replace(tzinfo=tz).utcoffset()
    second = wall.replace(tzinfo=tz, fold=1).utcoffset()
    if first is None or second is None:
        raise ValueError(f'zone "{zone}": has no offset')  # no ZoneInfo does this; the type allows it
    after = (wall - first).replace(tzinfo=UTC)
    if first >= second:
        return after
    # In a gap the two folds straddle the change: search the second at which the clock jumps.
    before = (wall - second).replace(tzinfo=UTC)
    while after - before > _ONE_SECOND:
        middle = before + (after - before) // _ONE_SECOND // 2 * _ONE_SECOND
        if middle.astimezone(tz).utcoffset() == first:
            before = middle
        else:
            after = middle
    return after


def midnight_after(day: date, zone: str) -> datetime:
    """The moment, in UTC, at which `day` ends in `zone`."""
    return moment_of(day, 24 * 60, zone)
