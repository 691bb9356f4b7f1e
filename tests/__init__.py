"""What crosses services: stories, replay equality, faults, isolation, the browser and benchmarks."""
