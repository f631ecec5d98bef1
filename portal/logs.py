"""What may stand in a log: identifiers of rows, never a token that opens somebody's papers."""

import logging
import re

# Pages whose address is itself the key (see registration.urls).
_KEYS = re.compile(r"(/dang-ky/(?:ho-so|chup|to-khai/anh)/)[^/\s?\"']+")


class HideKeys(logging.Filter):
    """Blots out the keys in addresses; Django names the address of every refused request."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        hidden = _KEYS.sub(r"\1…", message)
        if hidden != message:
            record.msg, record.args = hidden, ()
        return True
