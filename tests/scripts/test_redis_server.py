import pytest
import redis

from scripts.redis_server import running_redis
from tests.scripts.proc import command_lines


def test_running_redis_answers_until_the_end(tmp_path):
    with running_redis(tmp_path) as url:
        assert redis.Redis.from_url(url).ping()
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(url).ping()


def test_running_redis_asks_for_the_password(tmp_path):
    with running_redis(tmp_path) as url:
        address = url.rpartition("@")[2]
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(f"redis://{address}").ping()
        password = url.split(":")[2].partition("@")[0]
        assert not [line for line in command_lines() if password in line]


def test_running_redis_keeps_the_queue_over_a_restart(tmp_path):
    with running_redis(tmp_path) as url:
        redis.Redis.from_url(url).rpush("celery", "task")
    with running_redis(tmp_path) as url:
        assert redis.Redis.from_url(url).lrange("celery", 0, -1) == [b"task"]


def test_running_redis_works_in_a_folder_with_a_space(tmp_path):
    with running_redis(tmp_path / "a folder" / "redis") as url:
        assert redis.Redis.from_url(url).ping()
