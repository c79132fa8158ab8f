"""Who resolves people better, and at what cost: `make bench-identity`. The yardsticks run in environments of their own; nothing of the product imports them."""
