"""A session in views of Flask's."""

import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

import pytest
from flask import Flask
from werkzeug.serving import make_server

import wamp


@pytest.fixture
def shop(router, session):
    """An application with a session of its own, which is first used in a request."""

    def price_of(article):
        if article == "nothing":
            raise wamp.ApplicationError("com.shop.error.sold_out")
        return len(article)

    session.register(price_of, "com.shop.price")
    app = Flask(__name__)
    its_own = wamp.connect(router.url)

    @app.get("/price/<article>")
    def price(article):
        return {"price": its_own.call("com.shop.price", article)}

    @app.errorhandler(wamp.ApplicationError)
    def refused(error):
        return {"error": error.error}, 409

    yield app
    its_own.close()


def test_a_view_calls(shop):
    assert {"price": 3} == shop.test_client().get("/price/tea").json


def test_an_error_of_a_procedure_has_its_handler(shop):
    answer = shop.test_client().get("/price/nothing")
    assert (409, {"error": "com.shop.error.sold_out"}) == (answer.status_code, answer.json)


def test_requests_at_the_same_time_share_the_session(shop):
    server = make_server("127.0.0.1", 0, shop, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()

    def get(size):
        with urlopen(f"http://127.0.0.1:{server.port}/price/{'x' * size}", timeout=20) as answer:
            return answer.read()

    try:
        with ThreadPoolExecutor(8) as browsers:
            answers = list(browsers.map(get, range(1, 25)))
    finally:
        server.shutdown()
        serving.join(20)
        server.server_close()
    assert [b'{"price":%d}\n' % size for size in range(1, 25)] == answers
