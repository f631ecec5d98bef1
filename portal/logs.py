"""What may stand in a log: identifiers of rows, never a token that opens somebody's papers."""

import logging
import re

# Pages whose address is itself the key, or was one (see registration.urls), and where providers send their receipts.
_PLACES = re.compile(
    r"(/+dang-ky/+(?:ho-so|chup|to-khai/+anh)/+|/+sms/+bao-phat/+[^/\s?\"']+/+)[^/\s?\"']+", re.IGNORECASE
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
