"""The month of the federation as a story: steps that people take through the API, each with its figures checked.

    make story                      against a private installation that it starts and stops
    GRENIER_URL=… make story        against a running demonstration

`scene.py` sets it up, `steps_*.py` tell it, `play.py` plays it and prints one line a step.
"""
