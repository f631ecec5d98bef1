"""The portal's web as the torture runs it: with error reports and marks."""

from django.conf import settings

from portal.wsgi import application
from tests.torture import canaries, reports

__all__ = ["application"]

# As in production: Django's page about an error, with every local variable, takes seconds to draw.
settings.DEBUG = False
reports.install()
canaries.leave_in_log("web")
canaries.leave_in_report("web")
