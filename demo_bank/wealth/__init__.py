"""What people own beside deposits: the shelf of products, their positions, and how these are bought, mature and are sold."""
