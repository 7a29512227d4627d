"""From the rows that define tokens to one table: a machine that cuts a text in a single pass, byte by byte."""
