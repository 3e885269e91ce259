"""The Twisted side of the router: sockets, frames, flow control, timers. It acts; the core decides."""
