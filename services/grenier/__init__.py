"""What every Grenier service is built from: deciders, log, views, broker, privacy and the runner."""

__version__ = "0.1.0"
