"""The WSGI entry point that gunicorn serves."""

import logging
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

from portal.environment import refuse_start
from portal.network import client_address
from registration.memory import return_large_blocks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")


def _start() -> WSGIHandler:
    try:
        return get_wsgi_application()
    except ImproperlyConfigured as problem:
        refuse_start(str(problem))


return_large_blocks()
_django = _start()


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Django, spoken to in UTF-8 only, by a client whose address has one spelling.

    A charset that is no encoding of text ("rot13") breaks Django while it makes the request, before any middleware.
    The server's own log, if it has one, takes the address from here, too.
    """
    environ["CONTENT_TYPE"] = re.sub(r";\s*charset\s*=[^;]*", "", environ.get("CONTENT_TYPE", ""), flags=re.IGNORECASE)
    environ["REMOTE_ADDR"] = client_address(environ)
    return _django(environ, start_response)


def _check_settings() -> None:
    """What `manage.py check` says of messages and static files; whoever serves has not always run it.

    Raises SystemExit.
    """
    from portal.static_files import missing_static_files
    from registration.checks import check_messages

    if problems := check_messages():
        refuse_start(" ".join(f"{problem.msg} {problem.hint}" for problem in problems))
    if missing := missing_static_files():
        refuse_start(
            f"{len(missing)} static files are not collected, {missing[0]} for one, and every page would fail: "
            "run `manage.py collectstatic`."
        )


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
