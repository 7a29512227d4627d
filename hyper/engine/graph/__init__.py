"""The graph of a build: what is known of each unit and what it looked up of the others, so that an edit compiles few of them.

``rows`` is what is kept of a unit: digests, looks, and what whole-build checks ask.
``foreign`` stands for the units that are not compiled along, as symbols made from their IR.
``partial`` compiles the changed units beside those, in rounds, until no more come.
``stale`` says which scenarios may come to something else after an edit.
``edit`` makes of that a compilation like any other, whose program is that of all units.
``keep`` gathers what a build without errors knows of its units, for the next one.
``kept`` holds it on disk: an index that is replaced, and files of IR that never change.
``shared`` holds it in the store, so that a machine without one begins with the nearest build of others.
``care`` measures, proves, sweeps and clears the graphs of a cache's folder.
"""
