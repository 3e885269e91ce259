"""What several test folders share: a router process, and a plain client that speaks bytes."""
