"""Oxpecker's pipeline: bank extracts in, one customer view out.

Read `pipeline.py` first: it lists the path of a record as data. Each folder below is one step of that path:
bronze, silver, identity, profile, metrics, exports; `jobs` holds the short scripts that read tables, call the pure
functions of those folders and publish tables.
"""
