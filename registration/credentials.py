"""Where a message's one-time password comes from: the link between messages and accounts."""

from accounts.services import issue_one_time_password
from notifications.models import Message
from notifications.secrets import SecretUnavailable


def make_credential(message: Message) -> str:
    """A fresh one-time password for the message's account.

    Raises SecretUnavailable when the account is gone or closed: the message then needs a person.
    """
    if message.account is None or not message.account.is_active:
        raise SecretUnavailable("no-account")
    return issue_one_time_password(message.account.pk)
