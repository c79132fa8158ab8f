"""How people of the demo bank behave: service failures, digital use, complaints, surveys, contacts, consents, leaving.

The state (`Conduct`) advances day by day; a day's record (`Day`) is what the systems write down, each in its own shape.
"""
