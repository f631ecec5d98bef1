"""Settings: one file, everything that differs between machines comes from the environment.

`DEBUG` is off unless asked for. With it off every variable in `_needed()` must be set: the program refuses to
start and names the first that is missing, so that a half-configured server never serves anyone.
A `.env` file beside `manage.py` (written by `make run`) is read when there is one; real variables win over it.
"""

import sys
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env_file = Path(env.str("ENV_FILE", str(BASE_DIR / ".env")))
if env_file.is_file():
    env.read_env(env_file)

DEBUG = env.bool("DEBUG", False)


def _needed(name: str, debug_default: str) -> str:
    """The variable `name`; with DEBUG a stand-in will do, without it the program refuses to start."""
    value = env.str(name, "").strip()
    if value:
        return str(value)
    if DEBUG:
        return debug_default
    raise ImproperlyConfigured(f"{name} is not set. It is needed when DEBUG is off (see README.md, Deploy).")


def _list(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


def _toml(name: str, path: str) -> dict[str, Any]:
    """The tables of the file that the variable `name` leads to; none when it is empty."""
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        reason = f"line and column: {problem}" if isinstance(problem, tomllib.TOMLDecodeError) else "cannot be read"
        raise ImproperlyConfigured(f"{name}: {path}: {reason}") from None


# -- Where things are -------------------------------------------------------------------------------------------
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

SECRET_KEY = _needed("SECRET_KEY", "development-only-secret-key-that-protects-nothing-at-all")
ALLOWED_HOSTS = _list(_needed("ALLOWED_HOSTS", "*"))
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# How many proxies of ours stand in front: the client's address is that many places from the end of X-Forwarded-For.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)

# -- Applications -----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
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
    "axes.middleware.AxesMiddleware",
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
DATABASES = {"default": env.db_url_config(_needed("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}"))}
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
    prepares = env.bool("DATABASE_PREPARED_STATEMENTS", True)
    DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = 2 if prepares else None

# -- Queue ------------------------------------------------------------------------------------------------------
REDIS_URL = _needed("REDIS_URL", "redis://127.0.0.1:6379/0")
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
        "schedule": env.float("SWEEP_SECONDS", 10.0),
        "options": {"expires": 30},
    },
    "poll-receipts": {"task": "notifications.tasks.poll_receipts", "schedule": 60.0, "options": {"expires": 60}},
    "sweep-resets": {"task": "registration.tasks.sweep_resets", "schedule": 20.0, "options": {"expires": 20}},
    "sweep-documents": {"task": "registration.tasks.sweep_documents", "schedule": 60.0},
    # By day: nobody wants an SMS at night.
    "send-reminders": {"task": "registration.tasks.send_reminders", "schedule": crontab(minute="20", hour="8-18")},
    "send-emails": {"task": "registration.tasks.send_emails", "schedule": 30.0, "options": {"expires": 30}},
    "purge-emails": {"task": "registration.tasks.purge_emails", "schedule": 86_400.0},
    "expire-declarations": {"task": "registration.tasks.expire_declarations", "schedule": 3600.0},
    "purge-drafts": {"task": "registration.tasks.purge_drafts", "schedule": 3600.0},
    "purge-resets": {"task": "registration.tasks.purge_resets", "schedule": 86_400.0},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

# -- People and passwords ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "accounts.hashers.PortalArgon2Hasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("accounts:login")
CHOOSE_PASSWORD_URL = reverse_lazy("registration:choose_password")
LOGIN_REDIRECT_URL = reverse_lazy("registration:account")
LOGOUT_REDIRECT_URL = reverse_lazy("home")
ONE_TIME_PASSWORD_DAYS = env.int("ONE_TIME_PASSWORD_DAYS", 30)

AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 1
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "accounts.views.locked_out"
AXES_USERNAME_CALLABLE = "accounts.services.attempted_name"
AXES_CLIENT_IP_CALLABLE = "portal.network.client_ip"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# -- Secrets at rest --------------------------------------------------------------------------------------------
# Fernet keys, newest first: the first encrypts, all decrypt. Make one with `manage.py make_credential_key`.
CREDENTIAL_KEYS = _list(_needed("CREDENTIAL_KEYS", "ZGV2ZWxvcG1lbnQtb25seS1rZXktMzItYnl0ZXMtISE="))

# -- E-mail: a notice beside the SMS. Without EMAIL_URL nothing could be sent, and the form asks for no address --
_email_url = env.str("EMAIL_URL", "")
EMAIL_ENABLED = DEBUG or bool(_email_url)
_email = env.email_url_config(_email_url or "dummymail://")
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = _email["EMAIL_BACKEND"], _email["EMAIL_HOST"], _email["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_USER"], _email["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _email.get("EMAIL_USE_TLS", False), _email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = _needed("DEFAULT_FROM_EMAIL", "portal@localhost") if _email_url else "portal@localhost"
POST_OFFICE = {"MAX_RETRIES": 20, "RETRY_INTERVAL": timedelta(minutes=30), "THREADS_PER_PROCESS": 1, "LOG_LEVEL": 1}

# -- Messages ---------------------------------------------------------------------------------------------------
# Ordered gateways: the first sends, the next ones take over when it cannot. `inbox` is for development only.
SMS_GATEWAYS = _list(_needed("SMS_GATEWAYS", "inbox"))
# Tables of other providers (docs/gateways.md), each a name that SMS_GATEWAYS may list.
SMS_PROVIDERS_FILE = env.str("SMS_PROVIDERS_FILE", "")
SMS_PROVIDERS: dict[str, Any] = _toml("SMS_PROVIDERS_FILE", SMS_PROVIDERS_FILE)
# How fast each may be asked, over all workers: esms=10/second,speedsms=300/minute
SMS_RATES = dict(part.partition("=")[::2] for part in _list(env.str("SMS_RATES", "")))
ESMS = {
    "URL": env.str("ESMS_URL", "https://rest.esms.vn/MainService.svc/json/SendMultipleMessage_V4_post_json/"),
    "API_KEY": env.str("ESMS_API_KEY", ""),
    "SECRET_KEY": env.str("ESMS_SECRET_KEY", ""),
    "BRANDNAME": env.str("ESMS_BRANDNAME", ""),
    "SANDBOX": env.bool("ESMS_SANDBOX", False),
    # Asked where no receipt came. Receipts come when RECEIPT_SECRET is set: it ends the address that eSMS calls.
    "STATUS_URL": env.str("ESMS_STATUS_URL", "https://rest.esms.vn/MainService.svc/json/GetSendStatus"),
    "RECEIPT_SECRET": env.str("ESMS_RECEIPT_SECRET", ""),
}

# Opens /health/metrics; closed while it is empty.
METRICS_TOKEN = env.str("METRICS_TOKEN", "")

# -- Files ------------------------------------------------------------------------------------------------------
MEDIA_ROOT = env.str("MEDIA_ROOT", str(VAR_DIR / "media"))
# nginx: the internal location that maps to MEDIA_ROOT; empty means that the program sends files itself.
X_ACCEL_PREFIX = env.str("X_ACCEL_PREFIX", "")
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
FILE_UPLOAD_HANDLERS = ["registration.uploads.CappedUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 300
DATA_UPLOAD_MAX_NUMBER_FILES = 10

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
_private: dict[str, Any] = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"location": MEDIA_ROOT, "base_url": None},
}
if env.str("S3_BUCKET", ""):
    _private = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": env.str("S3_BUCKET"),
            "endpoint_url": env.str("S3_ENDPOINT_URL", "") or None,
            "region_name": env.str("S3_REGION", "") or None,
            "access_key": env.str("S3_ACCESS_KEY", "") or None,
            "secret_key": env.str("S3_SECRET_KEY", "") or None,
            "default_acl": "private",
            "file_overwrite": False,
            "object_parameters": {"ServerSideEncryption": env.str("S3_ENCRYPTION", "AES256")},
        },
    }
STORAGES = {
    "default": _private,
    "private": _private,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
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
HTTPS = env.bool("HTTPS", not DEBUG)
# How the world reaches this portal: printed on every declaration, so it has to be right before the first one.
_host = next((host.lstrip(".") for host in ALLOWED_HOSTS if host != "*"), "localhost")
PUBLIC_URL = env.str("PUBLIC_URL", "").rstrip("/") or (
    f"http://127.0.0.1:{env.str('PORT', '8000')}" if DEBUG else f"{'https' if HTTPS else 'http'}://{_host}"
)
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 31_536_000) if HTTPS else 0
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

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
# The staff desk is built on a library whose pages use Alpine.js and inline styles.
ADMIN_CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        **CONTENT_SECURITY_POLICY["DIRECTIVES"],
        "script-src": [SELF, "'unsafe-inline'", "'unsafe-eval'"],
        "style-src": [SELF, "'unsafe-inline'"],
        "font-src": [SELF],
        "frame-src": [SELF],
    }
}

# Requests per client address; the store is Redis, or this process's memory while Redis is away. Generous: a mobile
# operator puts thousands of phones behind one address.
RATE_LIMITS = {
    "submit": env.str("RATE_SUBMIT", "120/minute"),
    "upload": env.str("RATE_UPLOAD", "300/minute"),
    "save": env.str("RATE_SAVE", "600/minute"),
    "track": env.str("RATE_TRACK", "60/minute"),
    "track-reference": env.str("RATE_TRACK_REFERENCE", "10/hour"),
    "email": env.str("RATE_EMAIL", "10/day"),
    "login": env.str("RATE_LOGIN", "60/minute"),
    "picker": env.str("RATE_PICKER", "240/minute"),
    "verify": env.str("RATE_VERIFY", "60/minute"),
    "reset": env.str("RATE_RESET", "60/hour"),
    "reset-number": env.str("RATE_RESET_NUMBER", "5/day"),
    "reset-code": env.str("RATE_RESET_CODE", "60/minute"),
}
RATE_LIMITED_VIEWS = {
    ("POST", "registration:declaration"): "submit",
    ("POST", "registration:upload_photo"): "upload",
    ("POST", "registration:save_draft"): "save",
    ("POST", "registration:draft_state"): "save",
    ("POST", "registration:resume"): "track",
    ("POST", "registration:phone"): "upload",
    ("POST", "registration:phone_link"): "upload",
    ("POST", "registration:track"): "track",
    ("POST", "registration:correct"): "track",
    ("POST", "registration:withdraw"): "track",
    ("POST", "accounts:login"): "login",
    ("POST", "admin:login"): "login",
    ("POST", "registration:verify"): "verify",
    ("POST", "registration:reset"): "reset",
    ("POST", "registration:reset_code"): "reset-code",
    ("GET", "registration:scan"): "verify",
    ("GET", "agencies:tree"): "picker",
}

# -- The portal itself ------------------------------------------------------------------------------------------
PORTAL_NAME = env.str("PORTAL_NAME", "Đăng ký giao dịch điện tử BHXH")
OFFICE_NAME = env.str("OFFICE_NAME", "")
HOTLINE = env.str("HOTLINE", "1900 9068")
VSSID_ANDROID_URL = env.str("VSSID_ANDROID_URL", "https://play.google.com/store/apps/details?id=com.bhxhapp")
VSSID_IOS_URL = env.str("VSSID_IOS_URL", "https://apps.apple.com/vn/app/vssid/id1521647264")
# One phone serves this many BHXH numbers (a family's shared phone needs more than one).
NUMBERS_PER_PHONE = env.int("NUMBERS_PER_PHONE", 1)
PAPER_DAYS = env.int("PAPER_DAYS", 30)
DRAFT_HOURS = env.int("DRAFT_HOURS", 24)

UNFOLD = {
    "SITE_TITLE": _("Registration desk"),
    "SITE_HEADER": _("Registration desk"),
    "SITE_URL": "/",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "6px",
    # Asked for at each request: in production the file's name carries its hash.
    "STYLES": [lambda request: static("css/desk.css")],
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/mark.svg")}],
    "SIDEBAR": {"navigation": "portal.navigation.sidebar"},
    # The same deep blue as the public pages (static/css/tokens.css).
    "COLORS": {
        "primary": {
            "50": "#eef4fb",
            "100": "#d8e6f5",
            "200": "#b4cfec",
            "300": "#84b0de",
            "400": "#4f8acb",
            "500": "#2a6ab3",
            "600": "#15549a",
            "700": "#0f4480",
            "800": "#0d3869",
            "900": "#0b2d55",
            "950": "#071d38",
        }
    },
}

# -- Logs: no personal data, only identifiers of rows -----------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"hide_keys": {"()": "portal.logs.HideKeys"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["hide_keys"]}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        # Its own handler would print every line twice, and without the filter.
        "django": {"handlers": [], "propagate": True},
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

TESTING = "pytest" in sys.modules
