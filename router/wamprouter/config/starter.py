"""The configuration to begin with: what `wamprouter init` writes, and what runs when no file is given.

Text and not a model, because a person is going to read it.
"""

STARTER = """\
{
  "version": 1,
  "realms": [
    {
      "name": "realm1",
      "roles": [
        {
          "name": "anonymous",
          "permissions": [
            {"uri": "*", "allow": {"call": true, "register": true, "publish": true, "subscribe": true}}
          ]
        }
      ]
    }
  ],
  "transports": [
    {
      "type": "web",
      "endpoint": {"type": "tcp", "port": 8080, "interface": "127.0.0.1"},
      "paths": {
        "ws": {"type": "websocket", "auth": {"anonymous": {"type": "static", "role": "anonymous"}}}
      }
    }
  ],
  "admin": {}
}
"""
