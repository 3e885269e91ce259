"""Logs in as it is told: python login.py LIBRARY JOBS, where JOBS is a list in JSON.

Each job names a URL, a serializer, a style (`component`, or `session` with onChallenge), a method and its arguments. Prints
a line of JSON for each: who one is and what a call to oneself says, or what was refused, and how often it was tried.
"""

from __future__ import annotations

import json
import sys
from typing import Any

library, jobs = sys.argv[1], json.loads(sys.argv[2])


def report(job: dict[str, Any], **found: Any) -> None:
    print(json.dumps({"id": job["id"], **found}), flush=True)  # noqa: T201


def who(details: Any) -> dict[str, Any]:
    return {
        name: getattr(details, name)
        for name in ("realm", "authid", "authrole", "authmethod", "authprovider", "authextra")
    }


async def prove_oneself(session: Any, details: Any) -> dict[str, Any]:
    """Do what only a session can."""
    procedure = f"com.proof.s{details.session}"
    await session.register(lambda: "here", procedure)
    return {**who(details), "call": await session.call(procedure)}


def sign(session: Any, challenge: Any, method: str, how: dict[str, Any]) -> Any:
    """Answer a challenge as an application does in onChallenge, with Autobahn's own functions."""
    from autobahn.wamp import auth

    if method == "ticket":
        return how["ticket"]
    if method == "wampcra":
        key = how["secret"]
        if "salt" in challenge.extra:
            extra = challenge.extra
            key = auth.derive_key(key, extra["salt"], extra["iterations"], extra["keylen"]).decode()
        return auth.compute_wcs(key, challenge.extra["challenge"]).decode()
    from autobahn.wamp.cryptosign import CryptosignKey

    return CryptosignKey.from_bytes(bytes.fromhex(how["privkey"])).sign_challenge(challenge)


def transport(job: dict[str, Any]) -> dict[str, Any]:
    kind = "rawsocket" if job["url"].startswith("rs") else "websocket"
    url, endpoint = job["url"].rstrip("/"), job.get("endpoint")
    if "+unix://" in url:
        scheme, _, path = url.partition("+unix://")
        url, endpoint = f"{scheme}://localhost", {"type": "unix", "path": path}
    serializer = {"serializer": job["serializer"]} if kind == "rawsocket" else {"serializers": [job["serializer"]]}
    return {
        "type": kind,
        "url": url,
        "max_retries": job.get("retries", 0),
        "initial_retry_delay": 0.05,
        "max_retry_delay": 0.05,
        **serializer,
        **({} if endpoint is None else {"endpoint": endpoint}),
    }


async def by_component(job: dict[str, Any], kind: Any, start: Any) -> None:
    component = kind(
        transports=[transport(job)],
        realm="realm1",
        authentication={job["method"]: dict(job["how"])},
        # As the documentation has it.
        is_fatal=(lambda error: getattr(error, "error", "").startswith("wamp.error.")) if job.get("gives_up") else None,
    )
    joined: list[dict[str, Any]] = []
    reasons: list[str] = []
    errors: list[str] = []

    async def join(session: Any, details: Any) -> None:
        joined.append(await prove_oneself(session, details))
        if job.get("tells"):
            report(job, joined=joined, failures=errors)
        session.leave()

    # On asyncio, Autobahn takes the end of a RawSocket for a failure, whatever the reason was: the session knows that.
    def leave(_session: Any, details: Any) -> None:
        reasons.append(details.reason)

    def fail(_component: Any, error: Any) -> None:
        if not errors and job.get("tells"):  # to whoever waits for a refusal, to do something about it
            print(json.dumps({"refused": job["id"]}), flush=True)  # noqa: T201
        errors.append(getattr(error, "error", None) or type(error).__name__)

    component.on_join(join)
    component.on("leave", leave)
    component.on("connectfailure", fail)
    try:
        await start(component)
    except Exception as error:  # noqa: BLE001  # told to the test
        errors = errors or [type(error).__name__]
    report(job, joined=joined, failures=[] if joined else reasons or errors)


def session_class(base: Any, job: dict[str, Any], done: Any) -> Any:
    class Session(base):  # type: ignore[misc]  # whichever library's
        def onConnect(self) -> None:
            extra: dict[str, Any] = {}
            if job["method"] == "cryptosign":
                extra["pubkey"] = job["pubkey"]
            self.join("realm1", [job["method"]], job["how"].get("authid"), authextra=extra)

        def onChallenge(self, challenge: Any) -> Any:
            return sign(self, challenge, job["method"], job["how"])

        async def onJoin(self, details: Any) -> None:
            self.proof = await prove_oneself(self, details)
            self.leave()

        def onLeave(self, details: Any) -> None:
            self.reason = details.reason
            self.disconnect()

        def onDisconnect(self) -> None:
            proof = getattr(self, "proof", None)
            joined = [] if proof is None else [proof]
            done(report, job, joined=joined, failures=[] if joined else [getattr(self, "reason", "lost")])

    return Session


def tls_options(job: dict[str, Any]) -> Any:
    """Return what Twisted takes for TLS, with a client certificate."""
    if "certificate" not in job:
        return None
    from twisted.internet.ssl import Certificate, PrivateCertificate, optionsForClientTLS

    def read(path: str) -> str:
        with open(path, encoding="ascii") as file:
            return file.read()

    its = PrivateCertificate.loadPEM(read(job["certificate"]["certificate"]) + read(job["certificate"]["key"]))
    return optionsForClientTLS("localhost", Certificate.loadPEM(read(job["authority"])), its)


def on_twisted() -> None:
    import txaio

    txaio.use_twisted()
    from autobahn.twisted.component import Component
    from autobahn.twisted.wamp import ApplicationRunner, ApplicationSession
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred
    from twisted.internet.task import react

    def resolve(finished: Any) -> Any:
        return lambda report, job, **found: (report(job, **found), finished.callback(None))

    async def run() -> None:
        for job in jobs:
            if job["style"] == "component":
                await by_component(job, Component, lambda component: component.start(reactor))
                continue
            finished: Deferred[None] = Deferred()
            runner = ApplicationRunner(job["url"].rstrip("/"), "realm1", ssl=tls_options(job))
            await runner.run(session_class(ApplicationSession, job, resolve(finished)), start_reactor=False)
            await finished

    react(lambda _: Deferred.fromCoroutine(run()))


def on_asyncio() -> None:
    import asyncio

    import txaio

    txaio.use_asyncio()
    from autobahn.asyncio.component import Component
    from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession

    async def run() -> None:
        loop = asyncio.get_running_loop()
        txaio.config.loop = loop  # type: ignore[attr-defined]  # made by use_asyncio
        for job in jobs:
            if job["style"] == "component":
                await by_component(job, Component, lambda component: component.start(loop))
                continue
            finished = loop.create_future()

            def done(report: Any, job: dict[str, Any], *, finished: Any = finished, **found: Any) -> None:
                report(job, **found)
                finished.set_result(None)

            runner = ApplicationRunner(job["url"].rstrip("/"), "realm1")
            await runner.run(session_class(ApplicationSession, job, done), start_loop=False)
            await finished

    asyncio.run(run())


def on_wamp() -> None:
    from twisted.internet.defer import Deferred
    from twisted.internet.task import react

    from wamp.auth import create_authenticator
    from wamp.twisted import ApplicationRunner, ApplicationSession

    def make(job: dict[str, Any], finished: Deferred[None]) -> Any:
        authenticator = create_authenticator(job["method"], **job["how"])

        def done(report: Any, job: dict[str, Any], **found: Any) -> None:
            report(job, **found)
            finished.callback(None)

        class Session(session_class(ApplicationSession, job, done)):  # type: ignore[misc]  # made for the job
            def onConnect(self) -> None:
                self.join("realm1", [authenticator.name], authenticator.authid, authextra=authenticator.authextra)

            def onChallenge(self, challenge: Any) -> Any:
                return authenticator.on_challenge(self, challenge)

            def onWelcome(self, welcome: Any) -> Any:
                return authenticator.on_welcome(self, welcome.authextra)

        return Session

    async def run() -> None:
        for job in jobs:
            finished: Deferred[None] = Deferred()
            runner = ApplicationRunner(job["url"].rstrip("/"), "realm1", serializers=[job["serializer"]])
            runner.run(make(job, finished), start_reactor=False).addErrback(lambda _: None)
            await finished

    react(lambda _: Deferred.fromCoroutine(run()))


if __name__ == "__main__":
    {"autobahn_twisted": on_twisted, "autobahn_asyncio": on_asyncio, "wamp_twisted": on_wamp}[library]()
