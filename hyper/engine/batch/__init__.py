"""Functions over many rows: columns in, columns and the errors of rows out."""
