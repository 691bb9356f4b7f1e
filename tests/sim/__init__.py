"""The whole product in one process and one thread, driven by a seed (T4): same seed, same run, to the last byte.

python -m tests.sim                     # 500 seeds on all cores
python -m tests.sim --seed 123 --trace  # one run, told step by step

ground.py     time, chance and databases that belong to the simulation alone
weather.py    what can go wrong, how often, and the crash of a process
wires.py      log, subscriptions, broker, mail server: between processes, failing as the real ones may
processes.py  service instances, workers, mailers, the relay: the product's own code, started, crashed, started again
founding.py   the federation every run begins with
acts_*.py     what people do
clients.py    how they do it: keys, lost answers, retries, impatience
world.py      the scheduler and the trace
judge*.py     what must hold in the end
"""
