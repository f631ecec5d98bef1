"""Every write of the registration: one verb-named function each, called by views, admin and tasks."""

from registration.services.decisions import (
    activate_declaration,
    approve_declaration,
    approve_declarations,
    receive_declaration,
    receive_declarations,
    reject_declaration,
    reopen_declaration,
    return_declaration,
    withdraw_declaration,
)
from registration.services.documents import ensure_document, missing_documents, offer_document
from registration.services.drafts import (
    begin_correction,
    discard_draft,
    discard_photo,
    find_draft,
    find_resumable,
    link_phone,
    mark_phone_opened,
    open_draft,
    purge_drafts,
    resume_code,
    save_answers,
    store_photo,
    typed_answers,
)
from registration.services.emails import count_emails, purge_emails, send_emails
from registration.services.errors import (
    AlreadyDecided,
    NumberTaken,
    PhoneTaken,
    PhotosMissing,
    RegistrationError,
    ResendRefused,
)
from registration.services.expiry import expire_declarations, send_reminders
from registration.services.resend import resend_credential
from registration.services.resets import request_reset, reset_password, send_reset_code, sweep_resets
from registration.services.submission import submit_declaration
from registration.services.verification import Registered, find_by_file, find_by_hash

__all__ = [
    "AlreadyDecided",
    "NumberTaken",
    "PhoneTaken",
    "PhotosMissing",
    "Registered",
    "RegistrationError",
    "ResendRefused",
    "activate_declaration",
    "approve_declaration",
    "approve_declarations",
    "begin_correction",
    "count_emails",
    "discard_draft",
    "discard_photo",
    "ensure_document",
    "expire_declarations",
    "find_by_file",
    "find_by_hash",
    "find_draft",
    "find_resumable",
    "link_phone",
    "mark_phone_opened",
    "missing_documents",
    "offer_document",
    "open_draft",
    "purge_drafts",
    "purge_emails",
    "receive_declaration",
    "receive_declarations",
    "reject_declaration",
    "reopen_declaration",
    "request_reset",
    "resend_credential",
    "reset_password",
    "resume_code",
    "return_declaration",
    "save_answers",
    "send_emails",
    "send_reminders",
    "send_reset_code",
    "store_photo",
    "submit_declaration",
    "sweep_resets",
    "typed_answers",
    "withdraw_declaration",
]
