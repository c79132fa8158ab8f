"""The data steward's work: what waits, what is decided of it, and what later deliveries are held against."""
