"""How often somebody may try: the limits by name, and the views that count against one for each client address.

A limit is changed by the environment: `RATE_TRACK=120/minute` (settings.RATE_LIMITS). The store is Redis, or the
process's memory while Redis is away. Generous: a mobile operator puts thousands of phones behind one address.
"""

LIMITS = {
    "submit": "120/minute",
    "upload": "300/minute",
    # Millions of pixels decoded for one address: 300 photos a minute as phones take them.
    "pixels": "3600/minute",
    "save": "600/minute",
    "resume": "30/minute",
    "track": "60/minute",
    # Wrong ends of the phone for one reference: from one address, and from all together.
    "track-reference": "10/hour",
    "track-anywhere": "60/hour",
    # References that one officer looks up and that are not in his scope: whether there is such a dossier elsewhere.
    "desk-reference": "60/hour",
    # Notices to one e-mail address, which may be a stranger's.
    "email": "10/day",
    "login": "60/minute",
    "picker": "240/minute",
    "verify": "60/minute",
    "reset": "60/hour",
    # Codes for a new password of one number and its phone: asked for by one address, and by all together. A day's
    # codes are more than one address may ask for.
    "reset-address": "5/day",
    "reset-number": "20/day",
    "reset-code": "60/minute",
    # Messages to one phone, all kinds counted together, each kind up to its own height (notifications.services.budget):
    # notices, codes that open a dossier, codes for a new password, officers' decisions; and apart from all, that a
    # dossier has another phone by now. Counted back from each moment, not from midnight.
    "sms-notice": "5/day",
    "sms-code": "10/day",
    "sms-reset": "15/day",
    "sms-decision": "20/day",
    "sms-security": "5/day",
    # Phones without a message so far that one address sends notices to, by submitting.
    "sms-new-phones": "40/hour",
    # Codes that open a dossier: asked for by one address at all and for one dossier, sent for one dossier, typed by
    # one address. A day's codes for a dossier are more than one address may ask for.
    "code": "240/hour",
    "code-address": "5/day",
    "code-declaration": "10/day",
    "code-typed": "60/minute",
}

LIMITED_VIEWS = {
    ("POST", "registration:declaration"): "submit",
    ("POST", "registration:upload_photo"): "upload",
    ("POST", "registration:save_draft"): "save",
    ("POST", "registration:draft_state"): "save",
    ("POST", "registration:discard_draft"): "save",
    ("POST", "registration:resume"): "resume",
    ("POST", "registration:phone"): "upload",
    ("POST", "registration:phone_link"): "upload",
    ("POST", "registration:track"): "track",
    ("POST", "registration:correct"): "track",
    ("POST", "registration:withdraw"): "track",
    ("POST", "registration:send_code"): "code",
    ("POST", "registration:access_code"): "code-typed",
    ("POST", "accounts:login"): "login",
    ("POST", "admin:login"): "login",
    ("POST", "registration:verify"): "verify",
    ("POST", "registration:reset"): "reset",
    ("POST", "registration:reset_code"): "reset-code",
    ("GET", "registration:scan"): "verify",
    ("GET", "agencies:tree"): "picker",
}
