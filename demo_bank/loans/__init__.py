"""What people owe to the loan centre: applications, loans, what falls due and what is paid of it."""
