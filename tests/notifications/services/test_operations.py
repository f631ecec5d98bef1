from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from notifications.enums import MessageKind, MessageStatus
from notifications.models import Message
from notifications.services import deliver_message, operations
from tests.notifications.conftest import PHONE
from tests.notifications.factories import make_message

pytestmark = pytest.mark.django_db


def plain() -> Message:
    return make_message(kind=MessageKind.RETURNED, phone=PHONE, body="Ho so duoc tra lai.")


def test_standings_name_every_status(first):
    deliver_message(plain().pk)
    plain()

    found = {standing.status: standing.count for standing in operations.standings()}

    assert list(found) == MessageStatus.values
    assert found == dict.fromkeys(MessageStatus.values, 0) | {"queued": 1, "accepted": 1}


def test_oldest_undelivered_is_none_that_a_provider_took(first):
    assert operations.oldest_undelivered_seconds() == 0
    taken, waiting = plain(), plain()
    Message.objects.filter(pk=taken.pk).update(created_at=timezone.now() - timedelta(hours=2))
    Message.objects.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(hours=1))
    deliver_message(taken.pk)

    assert 3600 <= operations.oldest_undelivered_seconds() < 3660


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plan of PostgreSQL")
def test_oldest_undelivered_is_found_by_its_index(django_assert_num_queries):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"ANALYZE {Message._meta.db_table}")
    with django_assert_num_queries(1) as asked:
        operations.oldest_undelivered_seconds()
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + asked.captured_queries[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "message_undelivered" in plan
    assert "Sort" not in plan
