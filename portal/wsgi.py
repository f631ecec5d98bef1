"""The WSGI entry point that gunicorn serves."""

import logging
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.core.wsgi import get_wsgi_application

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
_django = get_wsgi_application()


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Django, spoken to in UTF-8 only.

    A charset that is no encoding of text ("rot13") breaks Django while it makes the request, before any middleware.
    """
    environ["CONTENT_TYPE"] = re.sub(r";\s*charset\s*=[^;]*", "", environ.get("CONTENT_TYPE", ""), flags=re.IGNORECASE)
    return _django(environ, start_response)


def _check_settings() -> None:
    """What `manage.py check` says of the SMS to citizens; whoever serves has not always run it. Raises SystemExit."""
    from registration.checks import check_messages

    if problems := check_messages():
        raise SystemExit(" ".join(f"{problem.msg} {problem.hint}" for problem in problems))


def _warm_up() -> None:
    """Each web process draws one page before it takes requests: no citizen waits for libraries and fonts.

    A machine that cannot draw serves everything else, says so here and in /health/ready, and makes no document.
    """
    from registration import pdf_engine

    try:
        pdf_engine.warm_up()
    except Exception as error:
        logging.getLogger(__name__).critical(
            "no declaration can be printed on this machine: %s %s", type(error).__name__, error
        )


_check_settings()
_warm_up()
