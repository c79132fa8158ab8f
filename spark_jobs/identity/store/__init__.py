"""What the engine keeps between runs, on disk: one large part and small ones laid over it, so that a day reads what it looks up and writes what changed.

docs/adr/0021 says why it lies so; `store.Store` is what a run sees of it, `day` is a run, `fold` makes one part of many.
"""
