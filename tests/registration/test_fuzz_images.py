"""Thousands of broken files: each is taken or refused, in bounded time and memory, and no worker dies of one."""

from pathlib import Path

import pytest

from tests.registration.mutations import MAX_MB_ABOVE_IDLE, MAX_SECONDS, SMALL, feed_in_child

TURNS = 288


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("photos")


def test_at_least_two_thousand_files_are_tried() -> None:
    assert TURNS * len(SMALL) >= 2000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is told by Linux only")
@pytest.mark.parametrize("kind", SMALL)
def test_mutated_files_are_taken_or_refused_in_bounded_time_and_memory(folder: Path, kind: str) -> None:
    told = feed_in_child(folder, kind, TURNS)
    assert sum(told["outcomes"].values()) == TURNS
    # Both ends happen: the mutations are neither all harmless nor all hopeless.
    assert 0.05 * TURNS < told["outcomes"]["taken"] < 0.8 * TURNS
    assert told["outcomes"].keys() >= {"broken", "too_many_pixels"}
    assert told["slowest_seconds"] < MAX_SECONDS
    assert told["peak_mb"] - told["idle_mb"] < MAX_MB_ABOVE_IDLE
