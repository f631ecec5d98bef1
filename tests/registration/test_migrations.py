"""What migrations do to rows that are there."""

from datetime import UTC, date, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model

from common.days import end_of_day
from registration.models import Declaration
from tests.registration.factories import make_declaration

pytestmark = pytest.mark.django_db


def test_told_days_of_rows_that_are_there_become_whole_ones():
    afternoon = datetime(2026, 11, 25, 8, 12, tzinfo=UTC)
    late_evening = datetime(2026, 11, 25, 17, 30, tzinfo=UTC)  # the 26th in Việt Nam
    rows = [
        (make_declaration("submitted"), afternoon),
        (make_declaration("returned"), late_evening),
        (make_declaration("submitted"), afternoon + timedelta(hours=1)),
    ]
    for declaration, moment in rows:
        Declaration.objects.filter(pk=declaration.pk).update(expires_at=moment)
    migration = import_module("registration.migrations.0009_end_of_told_day")
    for _ in range(2):
        migration.extend(apps, None)
        ends = dict(Declaration.objects.values_list("pk", "expires_at"))
        for declaration, moment in rows:
            day = 26 if moment is late_evening else 25
            assert ends[declaration.pk] == end_of_day(date(2026, 11, day))


def test_one_time_passwords_that_are_out_are_good_for_whole_days():
    account = make_declaration("approved").account
    get_user_model().objects.update(one_time_password_until=datetime(2026, 12, 24, 18, 0, tzinfo=UTC))
    import_module("accounts.migrations.0005_end_of_told_day").extend(apps, None)
    account.refresh_from_db()
    assert account.one_time_password_until == end_of_day(date(2026, 12, 25))
