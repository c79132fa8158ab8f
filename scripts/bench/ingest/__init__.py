"""How fast bank files are read and loaded, against readers of the same bytes: `make bench-ingest`. Ratios of one run; nothing here is a test."""
