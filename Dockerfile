# The service alone; its database is given by DATABASE_URL, else it runs its own under /data.
FROM python:3.13-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/raabta
COPY pyproject.toml requirements.lock package.json package-lock.json .npmrc LICENSE README.md ./
COPY scripts scripts
COPY app app
COPY channels channels
COPY routing routing
RUN python scripts/bootstrap.py && rm -rf .tools node_modules

FROM python:3.13-slim-bookworm
RUN useradd --system --home-dir /data --create-home raabta
WORKDIR /srv/raabta
COPY --from=build /srv/raabta /srv/raabta
COPY alembic alembic
COPY sample sample
ENV RAABTA_HOST=0.0.0.0 RAABTA_DATA=/data PYTHONUNBUFFERED=1
USER raabta
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/srv/raabta/.venv/bin/python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
CMD ["/srv/raabta/.venv/bin/raabta", "serve"]
