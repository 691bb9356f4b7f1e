"""The embedded event node: one process that speaks EventStoreDB's gRPC protocol over one SQLite file.

Modules, from the file upwards:

- the file: ``schema`` (tables, lock), ``wire`` (finished answer bytes), ``protos`` (the protocol's messages);
- writing: ``rules`` (expected versions, pure), ``requests``, ``log`` (one transaction), ``writer`` (the writer thread);
- reading: ``filters``, ``links``, ``reading`` (reader threads), ``live`` (what followers wait for), ``subscriptions``;
- the protocol: ``headers``, ``http2``, ``calls`` (gRPC over one connection), ``answers`` (refusals), ``proposals``, ``batches``, ``reads``, ``streams``, ``services``;
- persistent subscriptions: ``groups``;
- around it: ``faults``, ``metrics``, ``admin``, ``server``, ``cli``, ``upkeep`` (backup, verify, scavenge), ``testing``.
"""
