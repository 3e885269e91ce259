"""May you: which role may call, register, publish and subscribe to which URI."""
