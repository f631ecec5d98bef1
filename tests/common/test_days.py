"""Whole days by the calendar of Việt Nam, whatever the server's clock shows."""

from datetime import UTC, date, datetime, timedelta

import pytest

from common.days import VIETNAM, day_of, end_of_day, end_of_day_in, start_of_day


@pytest.mark.parametrize(
    ("moment", "last_day"),
    [
        (datetime(2026, 10, 26, 16, 59, 59, tzinfo=UTC), date(2026, 11, 25)),  # 23:59:59 in Việt Nam
        (datetime(2026, 10, 26, 17, 0, 0, tzinfo=UTC), date(2026, 11, 26)),  # midnight: the next day
        (datetime(2026, 10, 27, 0, 30, tzinfo=UTC), date(2026, 11, 26)),
        (datetime(2026, 12, 2, 9, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_last_day_is_whole(moment, last_day):
    until = end_of_day_in(30, now=moment)
    assert day_of(until) == last_day
    assert until.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S") == f"{last_day:%d/%m/%Y} 23:59:59"
    assert until + timedelta(microseconds=1) == start_of_day(last_day + timedelta(days=1))
    assert until == end_of_day(last_day)
