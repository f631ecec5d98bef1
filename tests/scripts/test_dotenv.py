import stat

import environ
from cryptography.fernet import Fernet

from scripts.dotenv import write_dotenv


def test_write_dotenv_makes_a_private_file_that_settings_can_read(tmp_path):
    path = tmp_path / ".env"
    assert write_dotenv(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    class Read(environ.Env):
        ENVIRON: dict[str, str] = {}

    Read.read_env(path)
    assert set(Read.ENVIRON) == {"DEBUG", "SECRET_KEY", "CREDENTIAL_KEYS", "DEMO_PASSWORD"}
    assert len(Read.ENVIRON["SECRET_KEY"]) >= 50
    fernet = Fernet(Read.ENVIRON["CREDENTIAL_KEYS"])
    assert fernet.decrypt(fernet.encrypt(b"secret")) == b"secret"


def test_write_dotenv_keeps_the_file_of_an_earlier_start(tmp_path):
    path = tmp_path / ".env"
    write_dotenv(path)
    path.write_text(path.read_text() + "PORT=8123\n")
    before = path.read_text()
    assert not write_dotenv(path)
    assert path.read_text() == before


def test_write_dotenv_makes_different_secrets_each_time(tmp_path):
    write_dotenv(tmp_path / "one")
    write_dotenv(tmp_path / "two")
    one, two = ({*(tmp_path / name).read_text().splitlines()} for name in ("one", "two"))
    assert {line.split("=")[0] for line in one - two} == {"SECRET_KEY", "CREDENTIAL_KEYS", "DEMO_PASSWORD"}
