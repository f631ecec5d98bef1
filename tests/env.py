"""The environment of a test run, set before Django reads its settings (loaded with `-p tests.env`)."""

import atexit
import os
import shutil
import tempfile

os.environ["ENV_FILE"] = os.devnull
os.environ["DEBUG"] = "1"
if not os.environ.get("VAR_DIR"):
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="portal-tests-")
    atexit.register(shutil.rmtree, os.environ["VAR_DIR"], ignore_errors=True)
os.environ["MEDIA_ROOT"] = os.path.join(os.environ["VAR_DIR"], "media")
os.environ["SMS_GATEWAYS"] = "inbox"
os.environ["SECRET_KEY"] = "tests-only-" + "x" * 50
# Nothing listens on port 1: a unit test that publishes a task meets the same refusal as with Redis down.
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")
os.environ.setdefault("LOG_LEVEL", "WARNING")
