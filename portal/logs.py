"""What may stand in a log: identifiers of rows, never a token that opens somebody's papers."""

import logging
import re
from typing import Any

# Pages whose address is itself the key, or was one (see registration.urls), and where providers send their receipts.
_PLACES = re.compile(
    r"(/+dang-ky/+(?:ho-so|chup|to-khai/+anh)/+|/+q/+|/+sms/+bao-phat/+[^/\s?\"']+/+)[^/\s?\"']+", re.IGNORECASE
)
# Keys that stand in an address by name, as eSMS wants them when it is asked what became of a message.
_NAMED = re.compile(r"([?&](?:api_?key|secret_?key|key|secret|token|password|chup)=)[^&\s\"']+", re.IGNORECASE)
_formatter = logging.Formatter()


def hide_keys(text: str) -> str:
    """`text` with the keys in its addresses blotted out."""
    return _NAMED.sub(r"\1…", _PLACES.sub(r"\1…", text))


class HideKeys(logging.Filter):
    """Blots out the keys in addresses, in tracebacks too; Django names the address of every refused request."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        hidden = hide_keys(message)
        if hidden != message:
            record.msg, record.args = hidden, ()
        if record.exc_info and not record.exc_text:
            record.exc_text = _formatter.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = hide_keys(record.exc_text)
        return True


def logging_settings(level: str) -> dict[str, Any]:
    """settings.LOGGING: one line an event on the console, `level` and above."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
        "filters": {"hide_keys": {"()": "portal.logs.HideKeys"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["hide_keys"]}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Its own handler would print every line twice, and without the filter.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "fontTools": {"level": "WARNING"},
            # Its lines carry what the mail server says, addresses included.
            "post_office": {"handlers": ["console"], "level": "CRITICAL", "propagate": False},
            # It names refused addresses; registration.pdf_engine says that one was refused, without it.
            "weasyprint": {"level": "CRITICAL"},
            "axes": {"level": "ERROR"},
            # Its DEBUG lines name the addresses that providers are asked at, keys included.
            "urllib3": {"level": "INFO"},
        },
    }
