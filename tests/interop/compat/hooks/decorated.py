"""A Session with decorated methods, and an error class of its own in both directions."""

from autobahn import wamp
from autobahn.asyncio.component import Component, run
from autobahn.asyncio.wamp import Session
from autobahn.wamp import ApplicationError, PublishOptions, RegisterOptions
from loops.asyncio import Box
from place import REALM, URL, say


@wamp.error("com.stock.sold_out")
class SoldOut(Exception):
    pass


class Stock(Session):
    def __init__(self, config=None):
        Session.__init__(self, config)
        self.define(SoldOut)
        self.items = dict(config.extra)
        self.sold = Box()

    @wamp.register("com.stock.sell")
    def sell(self, item, count=1):
        if self.items[item] < count:
            raise SoldOut(item, self.items[item])
        self.items[item] -= count
        self.publish("com.stock.sold", item, count=count, options=PublishOptions(exclude_me=False))
        return self.items[item]

    @wamp.register("com.stock.check", options=RegisterOptions(details_arg="details"), check_types=True)
    async def check(self, item: str, details=None):
        return self.items.get(item, 0)

    @wamp.subscribe("com.stock.sold")
    async def on_sold(self, item, count):
        self.sold.put((item, count))

    async def on_join(self, details):
        await self.register(self)
        await self.subscribe(self)
        say(await self.call("com.stock.sell", "tea", count=2))
        say(*await self.sold.get())
        say(await self.call("com.stock.check", "tea"), await self.call("com.stock.check", item="salt"))
        try:
            await self.call("com.stock.sell", "tea", count=2)
        except SoldOut as error:
            say("sold out:", error.args)
        try:
            await self.call("com.stock.sell", "salt")
        except ApplicationError as error:
            say(error.error, error.args)
        self.leave()


component = Component(transports=URL, realm=REALM, session_factory=Stock, extra={"tea": 3})

if __name__ == "__main__":
    run([component])
