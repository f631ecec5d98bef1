import pytest
from django.db.migrations.recorder import MigrationRecorder

from portal import health

pytestmark = pytest.mark.django_db


def test_live_answers_ok(client):
    response = client.get("/health/live")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


def test_ready_names_what_is_down_and_tells_nothing_else(client):
    # tests/env.py points REDIS_URL at a port where nothing listens
    response = client.get("/health/ready")
    assert response.status_code == 503
    checks = {"database": "ok", "migrations": "ok", "redis": "failed", "storage": "ok", "fonts": "ok"}
    assert response.json() == {"status": "failed", "checks": checks}


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
