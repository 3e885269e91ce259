"""The pages about the client library: what they show prints what they say."""

import asyncio

import pytest

from tests.docs.pages import DOCS, Block, blocks
from tests.docs.programs import web
from tests.docs.walk import is_piece, is_service, walk
from tests.support.process import RouterProcess, config

PAGES = [DOCS / name for name in ("howto/call.md", "howto/publish.md", "howto/reconnect.md", "client.md")]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with RouterProcess(tmp_path_factory.mktemp("router"), config(web())) as running:
        yield running.url("ws")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_so_from_top_to_bottom(page, url):
    """Piece by piece in one session, as a reader would try them."""
    shown = blocks(page)
    assert sum(is_piece(each) or is_service(each) for each in shown) > 0
    asyncio.run(walk(shown, url))


@pytest.mark.parametrize("wrong", ["print(2)  # 3\n", "print(2)\n"])
def test_what_a_page_says_wrongly_is_found(url, wrong):
    """The test above would also pass if nothing were compared."""
    shown = [Block(PAGES[0], 0, "python", "", wrong), Block(PAGES[0], 0, "text", "", "3\n")]
    with pytest.raises(AssertionError):
        asyncio.run(walk(shown, url))
