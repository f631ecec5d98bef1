import pytest
from django.db.migrations.recorder import MigrationRecorder

from notifications.enums import MessageKind
from portal import health
from tests.notifications.factories import make_message

pytestmark = pytest.mark.django_db


def test_live_answers_ok(client):
    response = client.get("/health/live")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


def test_ready_names_what_is_down_and_tells_nothing_else(client):
    # tests/env.py points REDIS_URL at a port where nothing listens
    response = client.get("/health/ready")
    assert response.status_code == 503
    checks = {"database": "ok", "migrations": "ok", "redis": "failed", "storage": "ok", "static": "ok", "fonts": "ok"}
    delivery = {"oldest_undelivered_seconds": 0, "worker_seen_seconds": None, "beat_seen_seconds": None}
    assert response.json() == {"status": "failed", "checks": checks, "delivery": delivery}


def test_ready_is_200_when_every_part_works(client, monkeypatch):
    monkeypatch.setitem(health.CHECKS, "redis", lambda: None)
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"


def test_ready_fails_while_a_migration_is_not_applied(client):
    MigrationRecorder.Migration.objects.filter(app="sessions").delete()
    assert client.get("/health/ready").json()["checks"]["migrations"] == "failed"


def test_health_takes_no_post(client):
    assert client.post("/health/live").status_code == 405


def test_metrics_are_closed_without_the_token(client, settings):
    assert client.get("/health/metrics").status_code == 404
    settings.METRICS_TOKEN = "t" * 20
    assert client.get("/health/metrics").status_code == 404
    assert client.get("/health/metrics", headers={"Authorization": "Bearer x"}).status_code == 404


def test_metrics_count_messages_and_name_nobody(client, settings):
    settings.METRICS_TOKEN = "t" * 20
    make_message(kind=MessageKind.RETURNED, phone="+84912345678", body="Ho so")
    text = client.get("/health/metrics", headers={"Authorization": f"Bearer {settings.METRICS_TOKEN}"}).text
    assert 'portal_messages{status="queued"} 1' in text
    assert "portal_oldest_undelivered_seconds 0" in text
    assert "912345678" not in text
