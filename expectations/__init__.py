"""Quality gates at every layer's boundary, and the steward's report.

Measures are taken inside the write's own scan or by one aggregate each; Great Expectations judges. Results hold counts and row
tokens only: its own result documents would repeat the offending values, so they are read as yes or no and never stored.
"""
