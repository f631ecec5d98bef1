import psycopg
import pytest

from scripts.postgres import running_postgres
from scripts.system import postgresql_bin

pytestmark = pytest.mark.skipif(postgresql_bin() is None, reason="PostgreSQL is not installed")


def test_running_postgres_serves_an_empty_unicode_database_and_goes():
    with running_postgres() as url, psycopg.connect(url) as connection:
        # Under the plain C locale upper() leaves every Vietnamese letter as it is.
        assert connection.execute("SELECT upper('đức')").fetchone() == ("ĐỨC",)
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname='public'").fetchone() == (0,)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)
