# The clinic in a container: docker build -t clinic . ; see docs/deployment.md and compose.yaml.
FROM python:3.11-slim-bookworm AS build
WORKDIR /srv/clinic
COPY requirements.txt ./
# The hashes of requirements.txt are checked; the extra for S3 is not in it, and is added by its own line.
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt \
 && .venv/bin/pip install --no-cache-dir "django-storages[s3]==1.14.6"
COPY . .
# Beside var, not in it: a volume on var would hide the files of the next version.
RUN DEBUG=0 SECRET_KEY=only-while-building ALLOWED_HOSTS=build STATIC_ROOT=/srv/clinic/collected \
    .venv/bin/python manage.py collectstatic --noinput -v0 \
 && .venv/bin/python -m compileall -q . -x '\.venv'

FROM python:3.11-slim-bookworm
# WeasyPrint's libraries, fonts for every script, and pg_dump for backups.
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig fonts-noto-core fonts-noto-cjk postgresql-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /srv/clinic --shell /usr/sbin/nologin clinic
WORKDIR /srv/clinic
COPY --from=build --chown=root:root /srv/clinic /srv/clinic
# Only here is anything written; all else may be mounted read-only.
RUN mkdir -p var/media var/backups && chown clinic var var/media var/backups
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DEBUG=0 HOST=0.0.0.0 PORT=8000 LOG_FORMAT=json \
    STATIC_ROOT=/srv/clinic/collected PROMETHEUS_MULTIPROC_DIR=/tmp/metrics \
    XDG_CACHE_HOME=/tmp/cache
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD [".venv/bin/python", "scripts/probe.py"]
CMD [".venv/bin/gunicorn", "--config", "python:healthcare.server", "healthcare.wsgi:application"]
