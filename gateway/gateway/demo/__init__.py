"""The demonstration: a host organisation and three groups, loaded through the public API with a fixed seed.

    python -m gateway.demo http://127.0.0.1:8400

The same pieces play the month in tests: `people.py` and `catalogue.py` say who and what, `client.py` speaks HTTP,
`federation.py` founds, `month.py` lives a month step by step, `load.py` puts them in the order of the demonstration.
"""
