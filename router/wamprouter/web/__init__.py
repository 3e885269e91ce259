"""The HTTP side of the router: files, and the path that leads to WebSocket."""
