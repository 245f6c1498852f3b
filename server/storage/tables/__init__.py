"""One model file a noun: columns and constraints, no behaviour. Importing this package registers every table."""
