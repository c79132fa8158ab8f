"""The stewards' desk in a browser: what the command line does, for people who log in."""
