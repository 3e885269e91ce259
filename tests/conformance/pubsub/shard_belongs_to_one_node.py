"""Events with the same ``rkey`` go to the same ``nkey`` (advanced profile, "Sharded Subscription")."""

from tests.support.exchange import PUBLISH, SUBSCRIBE


def test_a_resource_key_has_its_node(exchange):
    """The same each time; who gave no node key gets everything, and without a resource key all get it."""
    nodes = [exchange.join(name) for name in ("node1", "node2")]
    everything, publisher = exchange.join("everything"), exchange.join("publisher")
    for node in nodes:
        node.says(SUBSCRIBE, 1, {"nkey": node.name}, "com.sensor")
    everything.says(SUBSCRIBE, 1, {}, "com.sensor")
    chosen = set()
    for number in range(20):
        first, second = (set(publisher.says(PUBLISH, 1, {"rkey": f"sn{number}"}, "com.sensor")) for _ in range(2))
        assert first == second
        [node] = first - {"everything"}
        chosen.add(node)
    assert {"node1", "node2"} == chosen
    assert {"node1", "node2", "everything"} == set(publisher.says(PUBLISH, 1, {}, "com.sensor"))
