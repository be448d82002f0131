"""The canary: says something in a channel of its own, and times its arrival on a socket.

That the API answers does not show that chat works; only a message that arrives does.
"""
