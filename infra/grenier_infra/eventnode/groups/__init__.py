"""Persistent subscriptions: the node keeps the place of a group of consumers, hands events out, and takes them back.

- ``settings``: what a group was created with; ``state``: what it holds in memory and decides (pure); ``strategies``: who is next;
- ``store``: where its configuration, checkpoint and parked events are in the log; ``source``: what it reads;
- ``runner``: one task per group; ``registry``: all groups; ``service``, ``requests``, ``info``: the protocol.
"""
