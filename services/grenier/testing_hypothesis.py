"""pytest plugin: property tests judge what the code does, not how busy the machine is that runs them."""

from hypothesis import HealthCheck, settings

settings.register_profile("grenier", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("grenier")
