"""One module per source system. Each makes the inner files of its packages from the world and the bank's books."""
