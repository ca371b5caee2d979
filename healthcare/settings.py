"""Settings, from the environment. The defaults serve a demo on one machine; production says more."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import environ
from csp.constants import SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(exist_ok=True)

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

#: DEBUG on: a demo or a developer's machine. Off: production, where nothing is assumed.
DEVELOPMENT = env.bool("DEBUG", default=True)
TESTING = "pytest" in sys.modules
# People see the clinic's own error pages even in the demo; developers may ask for Django's.
DEBUG = DEVELOPMENT and env.bool("TECHNICAL_ERROR_PAGES", default=False)

DEMO_KEY = "demo-only-key-never-use-in-production-"
if DEVELOPMENT:
    SECRET_KEY = env.str("SECRET_KEY", default=DEMO_KEY + "x" * 24)
    ALLOWED_HOSTS = env.list(
        "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", env.str("HOST", default="127.0.0.1")]
    )
else:
    missing = [name for name in ("SECRET_KEY", "ALLOWED_HOSTS") if not env.str(name, default="")]
    if missing:
        raise ImproperlyConfigured(
            f"Production (DEBUG off) needs {' and '.join(missing)} in the environment or .env; see docs/deployment.md."
        )
    SECRET_KEY = env.str("SECRET_KEY")
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")

# A new SECRET_KEY goes with the old one here for a while: what the old one signed or sealed stays readable.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

# -- applications --------------------------------------------------------------------------------

INSTALLED_APPS = [
    "healthcare.apps.HealthcareConfig",
    "audit",
    "departments",
    "patients",
    "scheduling",
    "clinical",
    "billing",
    "reporting",
    "healthcare.apps.ClinicAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_filters",
    "django_htmx",
    "csp",
    "django_q",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "healthcare.middleware.ActingMiddleware",
    "healthcare.middleware.IdleTimeoutMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "departments.middleware.DutiesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "healthcare.urls"
WSGI_APPLICATION = "healthcare.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "healthcare.shell.shell",
            ],
            "builtins": ["healthcare.templatetags.display", "healthcare.templatetags.tables"],
        },
    },
]
FORM_RENDERER = "healthcare.form_renderer.ClinicRenderer"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
#: A filter that is not set says so in words, not in dashes.
FILTERS_EMPTY_CHOICE_LABEL = _("Any")

# -- database ------------------------------------------------------------------------------------

DATABASE_URL = env.str("DATABASE_URL", default="") or f"sqlite:///{VAR_DIR / 'clinic.sqlite3'}"
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Writers queue at BEGIN instead of failing in mid-transaction; every commit reaches the disk.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        # Longer than any queue of writers on a busy machine; a person would see no error, only a pause.
        "timeout": 60,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; "
        "PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["ENGINE"] = "healthcare.postgresql"
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A server that is gone is said to be gone, instead of two minutes of silence.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
    # What healthcare.compiled asks is planned once for a connection; off behind a pooler that mixes connections up.
    DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 1 if env.bool("PREPARED_STATEMENTS", default=True) else None
# Kept open on both engines: opening a SQLite file costs a millisecond, and the last one to close it empties its WAL.
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=600)

# A read replica, on which the worker counts reports; MIRROR: the tests' is the same database.
DATABASE_ROUTERS = ["reporting.replica.ReplicaRouter"]
if REPORTS_DATABASE_URL := env.str("REPORTS_DATABASE_URL", default=""):
    DATABASES["reports"] = {
        **DATABASES["default"],
        **env.db_url_config(REPORTS_DATABASE_URL),
        "TEST": {"MIRROR": "default"},
    }

# Parts of pages that are the same for many, never anything of a patient: see templates/base.html.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "template_fragments": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "template_fragments",
        "OPTIONS": {"MAX_ENTRIES": 5000},
    },
}

# -- people --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "departments.User"
AUTHENTICATION_BACKENDS = ["departments.backends.ClinicBackend"]
# After five wrong passwords of an account (fifty of an address) log-in is locked for so long.
LOGIN_LOCK_SECONDS = env.int("LOGIN_LOCK_SECONDS", default=15 * 60)
# For so many days a browser may do without the second factor's code, if the person ticks it; 0: never.
SECOND_FACTOR_REMEMBER_DAYS = env.int("SECOND_FACTOR_REMEMBER_DAYS", default=0)
REMEMBERED_COOKIE_NAME = "remembered"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "first_name", "last_name")},
    },
    {"NAME": "departments.passwords.CommonCoreValidator"},
    {"NAME": "departments.passwords.ComplexityValidator"},
]

# -- sessions, cookies, headers ------------------------------------------------------------------

SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", default=30 * 60)
# However busy, a session ends after so long: no shift lasts longer.
SESSION_MAX_SECONDS = env.int("SESSION_MAX_SECONDS", default=24 * 60 * 60)
SESSION_ENGINE = "departments.sessions"
SESSION_COOKIE_AGE = 24 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
HTTPS = env.bool("HTTPS", default=not DEVELOPMENT)
if HTTPS:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    REMEMBERED_COOKIE_NAME = "__Host-remembered"
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
    # Probes come over plain HTTP from the machine itself.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    }
}
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# -- API ----------------------------------------------------------------------------------------

API_RATE = env.str("API_RATE", default="1200/m")
API_LOGIN_RATE = env.str("API_LOGIN_RATE", default="30/m")

# The kernel counts calls of the API with this, in a table that all processes share.
CALLS_COUNTED_BY = "departments.lockout.count"

# -- clinic --------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = CLINIC_TIME_ZONE = env.str("CLINIC_TIME_ZONE", default="UTC")
FORMAT_MODULE_PATH = ["healthcare.formats"]
PHONE_REGION = env.str("PHONE_REGION", default="US")

# How long another process may go on with the clinic's old name, clock and currency after they were changed.
CLINIC_SHOWN_SECONDS = 5

# Limits of vital signs (VAL-3), both ends allowed.
VITAL_LIMITS = {
    "temperature_celsius": (35.0, 43.3),
    "pulse_rate": (40, 200),
    "oxygen_saturation": (70, 100),
}
# Another list of diagnosis codes than the shipped one: a CSV with the columns code, title, also, common.
ICD10_FILE = env.str("ICD10_FILE", default="")
# What is normal for an adult where NEWS2 does not say (None: as it says); beyond it a value is marked while one types.
# NEWS2 looks for shock and gives 219 mmHg no points; raised is 140/90 in the clinic (NICE NG136, ESC/ESH 2018).
# Its single point for 101 to 110 mmHg is usual in healthy adults who walk in; from 100 down it gives two.
VITAL_NORMAL = {
    "systolic_bp": (101, 139),
    "diastolic_bp": (60, 89),
}

# -- audit trail ---------------------------------------------------------------------------------

# The key of the seals stands outside the database: here, or in a file that is made where there is none.
AUDIT_KEY = env.str("AUDIT_KEY", default="test" if TESTING else "")
AUDIT_KEY_FILE = Path(env.str("AUDIT_KEY_FILE", default=str(VAR_DIR / "audit.key")))
AUDIT_HEAD_FILE = Path(env.str("AUDIT_HEAD_FILE", default=str(VAR_DIR / "audit.head")))

# -- backups -------------------------------------------------------------------------------------

BACKUP_DIR = Path(env.str("BACKUP_DIR", default=str(VAR_DIR / "backups")))
# The public half of an age key encrypts; the secret half, which restores, has no business on this machine.
BACKUP_RECIPIENT = env.str("BACKUP_RECIPIENT", default="")
BACKUP_IDENTITY_FILE = env.str("BACKUP_IDENTITY_FILE", default="")
# `/readyz` tells when the newest is older.
BACKUP_MAX_AGE_HOURS = env.int("BACKUP_MAX_AGE_HOURS", default=26)
# So many daily, weekly and monthly ones are kept.
BACKUP_KEEP = tuple(int(count) for count in env.list("BACKUP_KEEP", default=["7", "5", "12"]))

# -- files ---------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(VAR_DIR / "media")))
# Only the printed pages use the .ttf fonts, straight from the disk; packing them takes longer than all the rest.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (
    *("jpg", "jpeg", "png", "gif", "webp", "avif", "zip", "gz", "tgz", "bz2", "tbz", "xz", "br", "woff", "woff2"),
    "ttf",
)
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        # Packing every file takes half a minute, which a demo on one's own machine need not wait for.
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
        if DEVELOPMENT
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Several machines keep reports and the logo in one bucket of any S3-compatible store (needs django-storages[s3]).
if MEDIA_BUCKET := env.str("MEDIA_BUCKET", default=""):
    STORAGES["default"] = {
        "BACKEND": "healthcare.bucket.Bucket",
        "OPTIONS": {
            "bucket_name": MEDIA_BUCKET,
            "endpoint_url": env.str("MEDIA_ENDPOINT_URL", default="") or None,
            "region_name": env.str("MEDIA_REGION", default="") or None,
            "access_key": env.str("MEDIA_ACCESS_KEY", default="") or None,
            "secret_key": env.str("MEDIA_SECRET_KEY", default="") or None,
            "default_acl": None,
            "file_overwrite": False,
        },
    }

# -- background work, mail, logs -----------------------------------------------------------------

Q_CLUSTER = {
    "name": "clinic",
    "orm": "default",
    "workers": env.int("WORKERS", default=1),
    "timeout": 600,
    "retry": 660,
    "max_attempts": 3,
    "poll": 1,
    "catch_up": False,
    "save_limit": 1000,
    "sync": TESTING,
    "label": "Background tasks",
}
# A report whose worker gave no sign of life for so long is started again.
REPORT_LEASE_SECONDS = env.int("REPORT_LEASE_SECONDS", default=300)
# Files of reports are removed after so many days; the figures stay.
REPORT_KEEP_DAYS = env.int("REPORT_KEEP_DAYS", default=90)
# Where people open the clinic (https://clinic.example), for links in e-mails.
SITE_URL = env.str("SITE_URL", default="").rstrip("/")
# A patient's mail has no place in the log of a clinic that is in use.
vars().update(env.email_url("EMAIL_URL", default="consolemail://" if DEVELOPMENT else "smtp://localhost:25"))
# A mail server that does not answer must not hold up a worker.
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="clinic@clinic.example")
# Whether the worker marks the visits of past days to which nobody came, each night.
MARK_NO_SHOWS = env.bool("MARK_NO_SHOWS", default=False)
# 0: no log of slow queries.
SLOW_QUERY_MS = env.int("SLOW_QUERY_MS", default=0)
# Who may read /metrics: addresses or networks, and whoever sends the token.
METRICS_ALLOW = env.list("METRICS_ALLOW", default=["127.0.0.0/8", "::1/128"])
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# Where the web processes of this machine keep their counts; prometheus_client reads it from the environment.
METRICS_DIR = Path(
    tempfile.mkdtemp(prefix="metrics-")
    if TESTING
    else env.str("PROMETHEUS_MULTIPROC_DIR", default=str(VAR_DIR / "metrics"))
)
METRICS_DIR.mkdir(parents=True, exist_ok=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_DIR)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "healthcare.logs.LineFormatter"}, "json": {"()": "healthcare.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": env.str("LOG_FORMAT", default="line")}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
    "loggers": {"audit.seals": {"level": "INFO"}},
}
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Each test's client would look at all collected files anew, where there are some: half of the suite's time.
    WHITENOISE_AUTOREFRESH = True
