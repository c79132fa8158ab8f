"""Who is who, told to people: why two records are one person, why they are not, and what would become of them. Needs no JVM."""
