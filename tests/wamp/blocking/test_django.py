"""A session in views of Django's, whose test server has a thread for each request."""

import sys
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from urllib.request import urlopen

import django
import pytest
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.test import LiveServerTestCase
from django.urls import path

import wamp
from wamp.testing import Router

SHOP = "tests_django_shop"


def shop(session):
    """Return a module as that of a project: it has a session, and views."""

    def price(request: HttpRequest, article: str) -> JsonResponse:
        try:
            return JsonResponse({"price": module.session.call("com.shop.price", article)})
        except wamp.ApplicationError as error:
            return JsonResponse({"error": error.error}, status=409)

    module = ModuleType(SHOP)
    module.session = session
    module.urlpatterns = [path("price/<article>", price)]
    return module


@pytest.fixture(scope="module", autouse=True)
def project():
    """The router, its price service, and the project of Django's."""
    with Router() as router, wamp.connect(router.url) as service, wamp.connect(router.url) as session:
        service.register(lambda article: len(article), "com.shop.price")
        sys.modules[SHOP] = shop(session)
        settings.configure(
            ALLOWED_HOSTS=["*"],
            ROOT_URLCONF=SHOP,
            DATABASES={},
            STATIC_URL="/static/",
            MEDIA_URL="/media/",
            USE_TZ=True,
        )
        django.setup()
        yield
        del sys.modules[SHOP]


@pytest.fixture(autouse=True)
def _nothing_is_left():
    """The sessions are those of the module, and so are their threads."""


class TestDjango(LiveServerTestCase):
    databases = frozenset()

    def get(self, article):
        with urlopen(f"{self.live_server_url}/price/{article}", timeout=20) as answer:
            return answer.read()

    def test_a_view_calls(self):
        assert b'{"price": 3}' == self.get("tea")

    def test_requests_at_the_same_time_share_the_session(self):
        with ThreadPoolExecutor(8) as browsers:
            answers = list(browsers.map(self.get, ["x" * size for size in range(1, 25)]))
        assert [b'{"price": %d}' % size for size in range(1, 25)] == answers

    def test_djangos_own_client_calls_in_this_thread(self):
        assert {"price": 6} == self.client.get("/price/coffee").json()
