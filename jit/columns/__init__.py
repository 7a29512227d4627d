"""What people have as the columns of a kernel: NumPy, Arrow, frames and lists in, arrays and what is wrong with them out."""
