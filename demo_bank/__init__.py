"""Binjiang Bank (滨江银行): a fictional bank whose extracts exercise every promise of the lakehouse against a hidden truth.

Everything is derived from one seed, so every file is the same, byte for byte, on every machine. Nobody in it exists: resident ids use
the unassigned division prefix 3398, mobiles the segment 154. The generator shares no code with the pipeline, or errors would cancel out.
"""
