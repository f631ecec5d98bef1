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
    "track": "60/minute",
    # Wrong ends of the phone for one reference: from one address, and from all together.
    "track-reference": "10/hour",
    "track-anywhere": "60/hour",
    # Notices to one e-mail address, which may be a stranger's.
    "email": "10/day",
    "login": "60/minute",
    "picker": "240/minute",
    "verify": "60/minute",
    "reset": "60/hour",
    "reset-number": "5/day",
    "reset-code": "60/minute",
    # Codes that open a dossier: asked for by one address at all and for one dossier, sent for one dossier and to
    # one phone, typed by one address. A day's codes for a dossier are more than one address may ask for.
    "code": "240/hour",
    "code-address": "5/day",
    "code-declaration": "10/day",
    "code-phone": "15/day",
    "code-typed": "60/minute",
}

LIMITED_VIEWS = {
    ("POST", "registration:declaration"): "submit",
    ("POST", "registration:upload_photo"): "upload",
    ("POST", "registration:save_draft"): "save",
    ("POST", "registration:draft_state"): "save",
    ("POST", "registration:discard_draft"): "save",
    ("POST", "registration:resume"): "track",
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
