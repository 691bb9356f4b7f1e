"""The embedded event node: one process that speaks EventStoreDB's gRPC protocol over one SQLite file.

Modules, from the file upwards: ``schema`` (file format, lock), ``wire`` (finished answer bytes), ``rules`` (expected
versions, pure), ``log`` (one transaction), ``writer`` (the writer thread), ``reading`` (reader threads), ``filters``,
``live`` (what subscribers wait for), ``streams`` (the Streams service), ``services`` (gossip, features, declined areas),
``faults``, ``admin``, ``upkeep`` (backup, verify, scavenge), ``server`` and ``cli``.
"""
