"""Credit cards: what is spent with them, what is billed, and what is paid of the bills."""
