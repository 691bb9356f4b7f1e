"""T30: the installation at half its load for a long while: nothing grows, nothing slows (`make soak`).

sampling.py   what each process holds, now and then: memory, file descriptors, threads; what waits in queues
slopes.py     whether a row of samples grows, honestly for short runs
"""
