"""The long proofs about failure: processes, disks and servers go away while orders and payments arrive (`make chaos`).

form.py      how long a run is, and where it may write          t01_kills.py …    one file per proof: TEST and run(form) -> Row
stage.py     an installation with a federation whose window is open, a till per group
clients.py   clients that repeat a request with its key until they are told, and count every answer
killer.py    deaths at random times, overlapping
checks.py    what must hold afterwards, asked of the log and of the databases themselves
"""
