"""When a faster tier is worth its compile: a machine without clock, thread or file, and the driver that has them."""
