"""Measure wamprouter beside Crossbar, in one run, on one machine: ``python -m benchmarks``.

How a measurement is made
=========================

``__main__`` plans and prints. It starts the two routers (``routers``) and, for each single measurement, one generator
(``generator``): a process of its own, so that it has the other core, which plays all clients of one ``scenario`` in one
epoll loop and prints the figures as JSON. Both routers run at the same time and are measured in turn (ours, Crossbar, ours,
Crossbar, …), because the machine is usually shared and only figures taken next to each other can be compared. The idle one of
the two sleeps in epoll and costs the other nothing.

Why the generator can be Python
===============================

It never handles a message by itself where it can handle a batch. Frames that arrive are cut into runs of equally long frames by
looking at columns of the buffer (``frames.FrameReader``), the ids of a whole run come from one ``findall``, the answer to
the run is one ``join`` around a constant text, and masking is one ``bytes.translate``, since the masking key consists of four
equal octets (which no router can take advantage of: it has to unmask as for any other key). The cost is about 0.4 µs per call,
system calls aside. Whether that is little enough is not assumed but measured: the same scenarios also run against ``echo``, which
sends every octet back without looking at it, and the table shows these limits.

Processes are not pinned to cores unless `--pin` says so. On a quiet machine this would keep generator and router apart; on a
shared one it keeps them from moving away from somebody else's work, and then figures varied by up to a factor of two between
rounds (Crossbar's calls/s on two cores at a load of 2: 4,500 to 5,500 pinned, 5,900 to 6,100 not).
Not pinned, the scheduler may put two processes that wait for each other on one core, which lowers latency for either router alike.

What is compared
================

Everything between the generator's sockets: a call is CALL, INVOCATION, YIELD, RESULT, all four through the router, with caller and
callee in the same generator process. With a call at a time the latency therefore includes four system calls of the
generator, and the ceiling's latency says how much that is. Every call must be answered exactly once and every event must arrive at
every subscriber, or the run fails.
"""
