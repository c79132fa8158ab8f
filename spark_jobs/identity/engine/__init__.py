"""Who is who, as functions over Arrow and NumPy: no session, no table, no clock. The same functions serve a file and a batch of Spark."""
