"""The graph of a build: what is known of each unit and what it looked up of the others, so that an edit compiles few of them.

``rows`` is what is kept of a unit, ``foreign`` stands for the units that are not compiled along, ``partial`` compiles the others,
``kept`` holds it all on disk.
"""
