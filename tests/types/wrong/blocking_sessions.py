"""What is wrong with ``wamp.connect``."""

import wamp


def add(a: int, b: int) -> int:
    return a + b


def main() -> None:
    wamp.connect("ws://router/", workers="8")  # error: arg-type, reportArgumentType
    with wamp.connect("ws://router/") as session:
        session.cal("com.add")  # error: attr-defined, reportAttributeAccessIssue
        text: str = session.call("com.add", 2, 3, returns=int)  # error: assignment, reportAssignmentType
        session.call("com.add", timeout="2")  # error: call-overload, reportArgumentType
        session.register("com.add", add)  # error: call-overload, reportCallIssue
        print(text)
