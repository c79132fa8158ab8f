"""Who is who, as functions over Arrow and NumPy: no session, no table, no clock. The same functions serve a file and a batch of Spark."""

# Posterior probability of one person from which on a pair is accepted. One value for all data: two people in one weigh four times what one person
# in two does.
THRESHOLD = 0.8
