"""The operations on a graphics processor, through wgpu: kernels in WGSL, one a file in ``gpu/shaders/``."""
