"""Broken files as large as phones send them, and broken files through the page that takes photos."""

import random
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from registration import cookies
from registration.models import Attachment, make_token
from registration.services.drafts import MAX_SUPERSEDED
from tests.registration.mutations import (
    LARGE,
    MAX_MB_ABOVE_IDLE,
    MAX_SECONDS,
    SMALL,
    feed_in_child,
    mutated,
    photo_file,
)

TURNS = 12
UPLOADS = 49


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is told by Linux only")
@pytest.mark.parametrize("kind", LARGE)
def test_mutated_large_files_cost_bounded_time_and_memory(tmp_path: Path, kind: str) -> None:
    told = feed_in_child(tmp_path, kind, TURNS)
    assert sum(told["outcomes"].values()) == TURNS
    assert told["slowest_seconds"] < MAX_SECONDS
    assert told["peak_mb"] - told["idle_mb"] < MAX_MB_ABOVE_IDLE


@pytest.mark.django_db
def test_mutated_uploads_are_stored_or_told_at_their_field(client: Client) -> None:
    files, dice = [photo_file(kind) for kind in SMALL], random.Random(23)
    draft, stored = cookies.sign_token(make_token()), 0
    for turn in range(UPLOADS):
        photo = SimpleUploadedFile("photo.jpg", mutated(files[turn % len(files)], turn, dice), "image/jpeg")
        answer = client.post("/dang-ky/to-khai/anh/", {"draft": draft, "kind": "id_front", "photo": photo})
        assert answer.status_code in (201, 422)
        assert answer.json()["error" if answer.status_code == 422 else "url"]
        stored += answer.status_code == 201
    assert 0 < stored < UPLOADS
    assert Attachment.objects.filter(superseded_at=None).count() == 1
    assert Attachment.objects.count() <= MAX_SUPERSEDED + 1
