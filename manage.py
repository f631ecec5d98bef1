#!/usr/bin/env python
"""Django's command line for the portal."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if sys.argv[1:2] == ["make_credential_key"]:
        # It makes what the settings ask for: they need not be complete yet.
        os.environ.update(DEBUG="1", ENV_FILE=os.devnull)
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from portal.environment import refuse_start

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        refuse_start(str(problem))


if __name__ == "__main__":
    main()
