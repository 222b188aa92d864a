"""The ways in. Each folder below this one is a channel: it turns bytes into signals, and commands into bytes.

A channel never decides who serves a contact, never touches a database and never imports another channel.
"""
