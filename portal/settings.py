"""Settings: one file, everything that differs between machines comes from the environment.

`DEBUG` is off unless asked for. Every variable is checked while it is read (portal.environment, portal.rules); with
one that is wrong, or a needed one missing while DEBUG is off, the program refuses to start and names them all.
A `.env` file beside `manage.py` (written by `make run`) is read when there is one; real variables win over it.
"""

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
from celery.schedules import crontab
from django.urls import reverse_lazy

from portal import rates, rules
from portal.content_policy import ADMIN_CONTENT_SECURITY_POLICY as ADMIN_CONTENT_SECURITY_POLICY
from portal.content_policy import CONTENT_SECURITY_POLICY as CONTENT_SECURITY_POLICY
from portal.contradictions import note_contradictions
from portal.desk_theme import UNFOLD as UNFOLD
from portal.environment import Environment
from portal.logs import logging_settings
from portal.stores import private_store

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env_file = Path(os.environ.get("ENV_FILE") or BASE_DIR / ".env")
if env_file.is_file():
    environ.Env.read_env(env_file)

env = Environment(os.environ)
if not env_file.exists() and os.environ.get("ENV_FILE"):
    env.note("ENV_FILE", f"leads to {env_file}, which is not there")

DEBUG = env.debug
HTTPS = env.flag("HTTPS", not DEBUG)

# -- Where things are -------------------------------------------------------------------------------------------
VAR_DIR = env.folder("VAR_DIR", BASE_DIR / "var")

SECRET_KEY = env.text("SECRET_KEY", rules.DEVELOPMENT_SECRET_KEY, needed=True, strict=rules.secret_key)
# Keys of before: they sign nothing, and what they have signed holds until they are taken away (docs/operations.md).
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS", strict=rules.secret_key)
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "*", needed=True, rule=rules.host, strict=rules.no_wildcard)
CSRF_TRUSTED_ORIGINS = env.items(
    "CSRF_TRUSTED_ORIGINS", rule=rules.origin, strict=rules.https_origin if HTTPS else None
)
# How many proxies of ours stand in front: the client's address is that many places from the end of X-Forwarded-For.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0, 0, 10)

# -- Applications -----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "common.apps.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "crispy_forms",
    "post_office",
    "csp",
    "agencies",
    "accounts",
    "notifications",
    "registration",
    "portal",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.PageCompressionMiddleware",
    "portal.middleware.ContentSecurityPolicyMiddleware",
    "portal.middleware.PlainTextMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "portal.middleware.CookieLocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.middleware.PrivateResponseMiddleware",
    "portal.middleware.RateLimitMiddleware",
    "accounts.middleware.MustChangePasswordMiddleware",
    "accounts.middleware.KnownDeviceMiddleware",
    "axes.middleware.AxesMiddleware",
    "portal.middleware.StoreFailureMiddleware",
    "portal.middleware.OwnNotFoundMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.portal",
            ],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = ["civic", "unfold_crispy"]
CRISPY_TEMPLATE_PACK = "civic"
CRISPY_FAIL_SILENTLY = False

# -- Database ---------------------------------------------------------------------------------------------------
_database = env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}", needed=True, rule=rules.database_url)
DATABASES = {"default": environ.Env.db_url_config(_database)}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Without IMMEDIATE a transaction that reads first and writes later fails at once when another one writes.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # A test database in memory is shared between threads by a cache that knows no waiting; a file behaves as in use.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    # For the statements of notifications.services.statements; Django's own queries are not prepared. A pooler that
    # hands out another connection for each transaction must know prepared statements (PgBouncer does from 1.21 on).
    prepares = env.flag("DATABASE_PREPARED_STATEMENTS", True)
    DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = 2 if prepares else None

# -- Queue ------------------------------------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0", needed=True, rule=rules.redis_url)
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A guard against leaks, no more: a process that ends is missed for up to a second, and four often end together.
CELERY_WORKER_MAX_TASKS_PER_CHILD = 10_000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 500_000  # kB; a quarter of that is usual
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# The database is the truth and beat's sweep finds what the queue lost: publishing may fail, never hang a request.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    # One try to publish: with Redis away each further one would hold up the request by a second.
    "max_retries": 0,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "global_keyprefix": "bhxh:",
}
CELERY_TIMEZONE = "Asia/Ho_Chi_Minh"
CELERY_BEAT_SCHEDULE = {
    # A sweep that nobody ran is no use later: the next one sees the same rows.
    "sweep-messages": {
        "task": "notifications.tasks.sweep",
        "schedule": env.seconds("SWEEP_SECONDS", 10.0, 0.1, 3600),
        "options": {"expires": 30},
    },
    "poll-receipts": {"task": "notifications.tasks.poll_receipts", "schedule": 60.0, "options": {"expires": 60}},
    "sweep-resets": {"task": "registration.tasks.sweep_resets", "schedule": 20.0, "options": {"expires": 20}},
    # Each of the next four works until nothing is left or its time is over (registration.services.draining). One that
    # starts so late that the next is due is not needed.
    "sweep-documents": {
        "task": "registration.tasks.sweep_documents",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    # By day: nobody wants an SMS at night.
    "send-reminders": {
        "task": "registration.tasks.send_reminders",
        "schedule": crontab(minute="*/10", hour="8-18"),
        "options": {"expires": 600},
    },
    "expire-declarations": {
        "task": "registration.tasks.expire_declarations",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "purge-drafts": {"task": "registration.tasks.purge_drafts", "schedule": 300.0, "options": {"expires": 300}},
    "purge-resets": {"task": "registration.tasks.purge_resets", "schedule": 3600.0},
    "purge-sessions": {"task": "registration.tasks.purge_sessions", "schedule": 3600.0},
    "purge-access-codes": {"task": "registration.tasks.purge_access_codes", "schedule": 3600.0},
    "send-emails": {"task": "registration.tasks.send_emails", "schedule": 30.0, "options": {"expires": 30}},
    "purge-emails": {"task": "registration.tasks.purge_emails", "schedule": 86_400.0},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

# -- People and passwords ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.backends.PasswordBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "accounts.hashers.PortalArgon2Hasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.NotThePersonValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("accounts:login")
CHOOSE_PASSWORD_URL = reverse_lazy("registration:choose_password")
LOGIN_REDIRECT_URL = reverse_lazy("registration:account")
LOGOUT_REDIRECT_URL = reverse_lazy("home")
ONE_TIME_PASSWORD_DAYS = env.number("ONE_TIME_PASSWORD_DAYS", 30, 1, 365)

# accounts.lockout: 10 wrong passwords within a day lock the name, for all browsers that it does not know.
AXES_HANDLER = "accounts.lockout.SignInLock"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(days=1)
# What is refused unheard does not make a lock last longer.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # for its log lines: SignInLock decides
AXES_LOCKOUT_CALLABLE = "accounts.lock_pages.locked_out"
AXES_USERNAME_CALLABLE = "accounts.services.attempted_name"
AXES_CLIENT_IP_CALLABLE = "portal.network.client_ip"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# -- Secrets at rest --------------------------------------------------------------------------------------------
# Fernet keys, newest first: the first encrypts, all decrypt. Make one with `manage.py make_credential_key`.
CREDENTIAL_KEYS = env.items(
    "CREDENTIAL_KEYS",
    rules.DEVELOPMENT_CREDENTIAL_KEY,
    needed=True,
    rule=rules.credential_key,
    strict=rules.own_credential_key,
)

# -- E-mail: a notice beside the SMS. Without EMAIL_URL nothing could be sent, and the form asks for no address --
EMAIL_URL = env.text("EMAIL_URL", rule=rules.mail_server)
EMAIL_ENABLED = DEBUG or bool(EMAIL_URL)
_mail = environ.Env.email_url_config(EMAIL_URL or "dummymail://")
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_BACKEND"], _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text(
    "DEFAULT_FROM_EMAIL", "portal@localhost", needed=bool(EMAIL_URL), rule=rules.email_address
)
POST_OFFICE = {"MAX_RETRIES": 20, "RETRY_INTERVAL": timedelta(minutes=30), "THREADS_PER_PROCESS": 1, "LOG_LEVEL": 1}

# -- Messages ---------------------------------------------------------------------------------------------------
# Ordered gateways: the first sends, the next ones take over when it cannot. `inbox` is for development only.
SMS_GATEWAYS = env.items("SMS_GATEWAYS", "inbox", needed=True, strict=rules.sends)
# Tables of other providers (docs/gateways.md), each a name that SMS_GATEWAYS may list.
SMS_PROVIDERS_FILE = env.text("SMS_PROVIDERS_FILE")
SMS_PROVIDERS: dict[str, Any] = env.toml("SMS_PROVIDERS_FILE")
# How fast each may be asked, over all workers: esms=10/second,speedsms=300/minute
SMS_RATES = dict(part.partition("=")[::2] for part in env.items("SMS_RATES"))
ESMS: dict[str, Any] = {
    "URL": env.text(
        "ESMS_URL",
        "https://rest.esms.vn/MainService.svc/json/SendMultipleMessage_V4_post_json/",
        rule=rules.web_address,
        strict=rules.https,
    ),
    "API_KEY": env.text("ESMS_API_KEY"),
    "SECRET_KEY": env.text("ESMS_SECRET_KEY"),
    "BRANDNAME": env.text("ESMS_BRANDNAME"),
    "SANDBOX": env.flag("ESMS_SANDBOX", False),
    # Asked where no receipt came. Receipts come when RECEIPT_SECRET is set: it ends the address that eSMS calls.
    "STATUS_URL": env.text(
        "ESMS_STATUS_URL",
        "https://rest.esms.vn/MainService.svc/json/GetSendStatus",
        rule=rules.web_address,
        strict=rules.https,
    ),
    "RECEIPT_SECRET": env.text("ESMS_RECEIPT_SECRET"),
}

# Opens /health/metrics; closed while it is empty.
METRICS_TOKEN = env.text("METRICS_TOKEN", strict=rules.token)

# -- Files ------------------------------------------------------------------------------------------------------
MEDIA_ROOT = env.text("MEDIA_ROOT", str(VAR_DIR / "media"), strict=rules.absolute)
# nginx: the internal location that maps to MEDIA_ROOT; empty means that the program sends files itself.
X_ACCEL_PREFIX = env.text("X_ACCEL_PREFIX", rule=rules.location)
# The group of MEDIA_ROOT, which is nginx's then, reads and is handed down (docs/operations.md); others never read.
FILE_UPLOAD_PERMISSIONS = 0o640 if X_ACCEL_PREFIX else 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o2750 if X_ACCEL_PREFIX else 0o700
FILE_UPLOAD_HANDLERS = ["registration.uploads.CappedUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 300
DATA_UPLOAD_MAX_NUMBER_FILES = 10

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
_private = private_store(env, MEDIA_ROOT)
STORAGES = {
    "default": _private,
    "private": _private,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
        # Public, and nginx's to read.
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}

# -- Language and time ------------------------------------------------------------------------------------------
LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "portal.formats"
TIME_ZONE = "Asia/Ho_Chi_Minh"
USE_TZ = True

# -- Security ---------------------------------------------------------------------------------------------------
# How the world reaches this portal: printed on every declaration, so it has to be right before the first one.
_here = f"http://127.0.0.1:{env.number('PORT', 8000, 1, 65535)}"
_host = f"{'https' if HTTPS else 'http'}://{ALLOWED_HOSTS[0].lstrip('.')}"
PUBLIC_URL = env.text(
    "PUBLIC_URL",
    _here if DEBUG else _host,
    rule=rules.web_address,
    strict=rules.https_origin if HTTPS else rules.origin,
).rstrip("/")
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 31_536_000, 0, 63_072_000) * HTTPS
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.views.csrf_failure"

RATE_LIMITS = env.rates(rates.LIMITS)
RATE_LIMITED_VIEWS = rates.LIMITED_VIEWS

# -- The portal itself ------------------------------------------------------------------------------------------
PORTAL_NAME = env.text("PORTAL_NAME", "Đăng ký giao dịch điện tử BHXH", rule=rules.one_line)
OFFICE_NAME = env.text("OFFICE_NAME", rule=rules.one_line)
HOTLINE = env.text("HOTLINE", "1900 9068", rule=rules.hotline)
# What a call costs, said beside the number because registering is free. Empty: nothing is said.
HOTLINE_PRICE = env.text("HOTLINE_PRICE", "1.000 đồng/phút" if HOTLINE == "1900 9068" else "", rule=rules.one_line)
# Whom an officer asks who cannot sign in; blank: the administrator of the office.
DESK_CONTACT = env.text("DESK_CONTACT", rule=rules.one_line)
VSSID_ANDROID_URL = env.text(
    "VSSID_ANDROID_URL", "https://play.google.com/store/apps/details?id=com.bhxhapp", rule=rules.web_address
)
VSSID_IOS_URL = env.text("VSSID_IOS_URL", "https://apps.apple.com/vn/app/vssid/id1521647264", rule=rules.web_address)
# One phone serves this many BHXH numbers (a family's shared phone needs more than one).
NUMBERS_PER_PHONE = env.number("NUMBERS_PER_PHONE", 1, 1, 100)
PAPER_DAYS = env.number("PAPER_DAYS", 30, 1, 365)
DRAFT_HOURS = env.number("DRAFT_HOURS", 24, 1, 720)
# How long the browser in which Ghi nhận was pressed may open the dossier; a session of SESSION_COOKIE_AGE ends it, too.
RECEIPT_HOURS = env.number("RECEIPT_HOURS", 8, 1, 8)

# -- Logs: no personal data, only identifiers of rows -----------------------------------------------------------
LOG_LEVEL = env.text("LOG_LEVEL", "INFO", rule=rules.one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = logging_settings(LOG_LEVEL)

TESTING = "pytest" in sys.modules

note_contradictions(
    env,
    gateways=SMS_GATEWAYS,
    hosts=ALLOWED_HOSTS,
    public_url=PUBLIC_URL,
    media=Path(MEDIA_ROOT),
    public_folders=[STATIC_ROOT, BASE_DIR / "static"],
)
env.refuse_problems()
