"""What the configuration beside it serves."""

from twisted.web import resource


def app(environ, start_response):
    """Be a WSGI application."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]


class Resource(resource.Resource):
    """Be a resource of Twisted's."""

    isLeaf = True

    def __init__(self, extra):
        """Keep what the configuration says."""
        super().__init__()
        self.extra = extra

    def render_GET(self, _request):
        """Answer with it."""
        return repr(self.extra).encode()
