# The router in a container; docs/howto/docker.md says how to use it.
#
#   docker build --tag wamprouter .

FROM python:3.13-slim AS build

# What only some configurations need; see [options.extras_require] in setup.cfg.
ARG EXTRAS=scram,jwt

WORKDIR /source
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY client client
COPY router router
# Without pip in it: nothing is installed later. Bytecode is made here, because the router's user may not write there. Other
# packages' own tests are a fifth of it.
RUN python -m venv --without-pip /opt/wamprouter && \
    pip --python /opt/wamprouter/bin/python install --no-cache-dir --disable-pip-version-check ".[${EXTRAS}]" && \
    find /opt/wamprouter -type d \( -name test -o -name tests \) -prune -exec rm -r {} +

FROM python:3.13-slim

COPY --from=build /opt/wamprouter /opt/wamprouter
# A number, so that orchestrators can see that it is not root's.
RUN install -d -o 10001 -g 10001 -m 700 /var/lib/wamprouter

ENV PATH=/opt/wamprouter/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

USER 10001:10001
WORKDIR /var/lib/wamprouter
EXPOSE 8080

# The router's own event loop answers, so one that hangs is unhealthy.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["wamprouter", "status", "--assert", "running", "--config", "/etc/wamprouter"]

# As process 1, directly: SIGTERM reaches it, and it lets calls in flight end.
ENTRYPOINT ["wamprouter"]
CMD ["start", "--config", "/etc/wamprouter"]
