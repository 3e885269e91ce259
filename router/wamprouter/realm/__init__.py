"""The routing core: what happens to a message that a session may send.

Pure: it takes messages and returns deliveries. The time, the next id and the random choice are arguments. Who may do
what was decided before a message gets here; how a delivery reaches its sessions is decided after it leaves.
"""
