"""One module a command; each has ``run(arguments, console)``, which gives the exit code."""
