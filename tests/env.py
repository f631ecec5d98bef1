"""The environment of a test run, set before Django reads its settings (loaded with `-p tests.env`)."""

import os
import tempfile

os.environ["ENV_FILE"] = os.devnull
os.environ["DEBUG"] = "1"
os.environ.setdefault("VAR_DIR", tempfile.mkdtemp(prefix="portal-tests-"))
os.environ["MEDIA_ROOT"] = os.path.join(os.environ["VAR_DIR"], "media")
os.environ["SMS_GATEWAYS"] = "inbox"
os.environ["SECRET_KEY"] = "tests-only-" + "x" * 50
# Nothing listens on port 1: a unit test that publishes a task meets the same refusal as with Redis down.
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")
os.environ.setdefault("LOG_LEVEL", "WARNING")
