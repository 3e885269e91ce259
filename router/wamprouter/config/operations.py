"""Paths for those who run the router: what monitoring asks, and the console."""

from typing import Literal

from pydantic import Field

from wamprouter.config.fields import Model, RealmName


class MetricsPath(Model):
    """Metrics, as Prometheus reads them. They name realms, roles and procedures: not for strangers."""

    type: Literal["metrics"]


class HealthPath(Model):
    """Whether the process works at all: 200 as long as it answers."""

    type: Literal["healthz"]


class ReadyPath(Model):
    """Whether clients may be sent here: 200, or 503 while the router starts or stops or a component is missing."""

    type: Literal["readyz"]


class InfoPath(Model):
    """What runs here, as JSON: versions, since when, realms and transports. Not for strangers."""

    type: Literal["info"]


class ConsolePath(Model):
    """The console: a page that shows and does what its user may. It connects to "ws" beside it."""

    type: Literal["console"]
    realm: RealmName = Field(default="admin", description='The admin realm, which the page joins. Default "admin".')
