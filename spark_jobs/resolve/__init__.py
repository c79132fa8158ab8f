"""`oxpecker resolve`: anyone's files of people, resolved without a lake and without tuning."""
