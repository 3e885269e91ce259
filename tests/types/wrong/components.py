"""What is wrong with components and apps."""

import wamp.asyncio
from wamp import App
from wamp.asyncio import Component, run

component = Component(transport="ws://router/")  # error: call-arg, reportCallIssue
component = Component(realm=3)  # error: arg-type, reportArgumentType
component = Component(main=3)  # error: arg-type, reportArgumentType
app = App("com.example", check=True)  # error: call-arg, reportCallIssue


@component.register("com.add")
def add(a: int, b: int) -> int:
    return a + b


@component.register(3)  # error: arg-type, reportArgumentType
def three() -> int:
    return 3


@app.register  # error: arg-type, reportArgumentType
def forgotten() -> int:
    return 3


@app.register("sub", invok="roundrobin")  # error: call-arg, reportCallIssue
def sub(a: int, b: int) -> int:
    return a - b


@app.register("mul")
def mul(a: int, b: int) -> int:
    return a * b


add("1", "2")  # error: arg-type, reportArgumentType
text: str = mul(1, 2)  # error: assignment, reportAssignmentType
component.on_join(3)  # error: type-var, reportArgumentType
component.start("loop")  # error: arg-type, reportArgumentType
run("component")  # error: arg-type, reportArgumentType
run(component, log_level=3)  # error: arg-type, reportArgumentType
app.include("users")  # error: arg-type, reportArgumentType
app.run(5)  # error: arg-type, reportArgumentType
wamp.asyncio.run([app])  # error: list-item, reportArgumentType
