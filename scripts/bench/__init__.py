"""How long the product takes and how much it holds: `make bench`. Whole processes, medians and ratios; nothing here is a test."""
