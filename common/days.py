"""Days as people are told them: whole ones, by the calendar of Việt Nam."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def day_of(moment: datetime) -> date:
    """The date that the clocks in Việt Nam show at this (aware) moment."""
    return moment.astimezone(VIETNAM).date()


def start_of_day(day: date) -> datetime:
    return datetime.combine(day, time.min, VIETNAM)


def end_of_day(day: date) -> datetime:
    """The last microsecond of the day: it still is that day wherever it is shown, and nothing before it is late."""
    return datetime.combine(day, time.max, VIETNAM)


def end_of_day_in(days: int, *, now: datetime | None = None) -> datetime:
    """The end of the day that comes `days` days after today: "chậm nhất 25/11" holds until midnight."""
    return end_of_day(day_of(now or timezone.now()) + timedelta(days=days))
