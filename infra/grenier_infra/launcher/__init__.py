"""The local launcher: starts every process of an installation, shows them ready, restarts what dies, stops them cleanly.

table.py        which processes there are, their roles, ports and order
supervisor.py   starting, probing, restarting with back-off, stopping in layers
broker.py       the private RabbitMQ node
secrets.py      what an installation generates for itself at its first start
state.py        the file by which `status` and `stop` find a running launcher
commands.py     up, status, stop
care.py         restart, backup, restore
restart.py      one process after the other, while the installation is used
keeping.py      backup and restore of a whole installation
testing.py      a private installation for tests
"""
