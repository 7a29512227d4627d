"""The functions of a program called one by one in a session, each at the tier that pays."""
