"""The session of a component of type ``http``: it subscribes and registers what the configuration says."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine
from time import time
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore, gatherResults
from twisted.logger import Logger

from wamp.exception import ApplicationError, in_brief
from wamp.protocol.codec import CODECS
from wamp.protocol.serializers import TranscodingError
from wamp.twisted import ApplicationSession
from wamp.types import CloseDetails, ComponentConfig, EventDetails, SessionDetails, SubscribeOptions
from wamprouter import config
from wamprouter.outbound.answers import result_of
from wamprouter.outbound.couriers import Courier, Parcel, Surroundings
from wamprouter.outbound.requests import Answer, HttpClient, NoAnswer, Outgoing, with_headers
from wamprouter.outbound.signatures import signatures
from wamprouter.outbound.templates import Template

__all__ = ["HttpSession"]

_log = Logger()

_DETAILS: Final = "details of the event"  # no keyword argument of an event: they are names
_JSON: Final = CODECS["json"].serializer

Send = Callable[[Outgoing], Deferred[Answer]]


class HttpSession(ApplicationSession):
    """Hands events to couriers, and answers calls by requests. What is unanswered when it leaves is cancelled."""

    def __init__(self, component: config.HttpComponent, reactor: Any) -> None:
        super().__init__(ComponentConfig(realm=component.realm))
        self._component = component
        self._client = HttpClient(component, reactor)
        around = Surroundings(self._client.send, reactor, time, random.random)
        self.couriers = [Courier(rule, around) for rule in component.events]

    async def onJoin(self, details: SessionDetails) -> None:
        # All at once, so that no event of the first moments is missed for a procedure's sake.
        asked: list[Deferred[Any]] = []
        for rule, courier in zip(self._component.events, self.couriers, strict=True):
            options = SubscribeOptions(match=rule.match, details_arg=_DETAILS)
            asked.append(self.subscribe(_listener(rule, courier), rule.topic, options=options))
        for service in self._component.procedures:
            asked.append(self.register(_service(service, self._client.send), service.procedure))
        refused = [
            result.value for is_granted, result in await DeferredList(asked, consumeErrors=True) if not is_granted
        ]
        if refused:
            name, why = self._component.name, "; ".join(in_brief(each) for each in refused)
            _log.error("component {name} ends: {why}", name=name, why=why)
            self.leave()

    async def onLeave(self, details: CloseDetails) -> None:
        try:
            await gatherResults([courier.finish(self._component.grace / 1000) for courier in self.couriers])
        finally:
            self._client.close()
            super().onLeave(details)


def _listener(rule: config.HttpEvent, courier: Courier) -> Callable[..., None]:
    def hear(*args: Any, **kwargs: Any) -> None:
        details: EventDetails = kwargs.pop(_DETAILS)
        event = {
            "topic": details.topic or rule.topic,
            "args": args,
            "kwargs": kwargs,
            "publication": details.publication,
        }
        try:
            body = bytes(_JSON.pack(event))
        except TranscodingError as problem:
            _log.error("an event of {topic} cannot be sent: {problem}", topic=event["topic"], problem=problem)
            return
        courier.take(Parcel(f"wamp-{details.publication}", body))

    return hear


def _service(rule: config.HttpProcedure, send: Send) -> Callable[..., Coroutine[Any, Any, Any]]:
    template = Template(rule.url)
    places = DeferredSemaphore(rule.concurrency)

    async def answer(*args: Any, **kwargs: Any) -> Any:
        request = _request(rule, template, args, kwargs)
        if not places.tokens and len(places.waiting) >= rule.max_waiting:
            raise ApplicationError("wamp.error.unavailable", f"too many calls of {rule.procedure} wait")
        await places.acquire()
        try:
            return result_of(await send(request))
        except NoAnswer as problem:
            raise _failure(problem) from None
        finally:
            places.release()

    return answer


def _request(rule: config.HttpProcedure, template: Template, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Outgoing:
    """Return the request of a call; raise ApplicationError (invalid argument) if these arguments make none."""
    address = template.fill(args, kwargs, appended=rule.placing == "query")
    if address.args and rule.placing != "call":
        text = f"{rule.procedure} takes keyword arguments, and {len(args) - len(address.args)} positional ones"
        raise ApplicationError(ApplicationError.INVALID_ARGUMENT, text)
    own = {"User-Agent": "wamprouter", "Accept": "application/json, */*;q=0.5"}
    body = None
    if rule.placing != "query":
        content = {"args": args, "kwargs": kwargs} if rule.placing == "call" else address.kwargs
        try:
            body = bytes(_JSON.pack(content))
        except TranscodingError as problem:
            raise ApplicationError(ApplicationError.INVALID_ARGUMENT, str(problem)) from None
        own["Content-Type"] = "application/json"
    headers = with_headers(own, rule)
    if rule.secret is not None:
        headers += signatures(rule.secret.reveal(), int(time()), rule.method, address.url, body or b"")
    return Outgoing(rule.method, address.url, headers, body, rule.timeout / 1000, rule.response_limit)


def _failure(problem: NoAnswer) -> ApplicationError:
    if problem.is_late:
        return ApplicationError(ApplicationError.TIMEOUT, "the web service did not answer in time")
    # What exactly is wrong there is for the log, not for callers.
    _log.warn("no answer of a web service: {problem}", problem=problem)
    return ApplicationError("wamp.error.network_failure", "the web service cannot be reached")
