"""What keeps a child from everything but its bytes, one module for each means.

The zygote asks once what holds here (``plan.py``), and each child confines itself before its first item. What a system lacks is
left out, and is not named in what ``Pool.sandbox`` tells.
"""
