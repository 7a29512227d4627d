"""The native back end: functions of the IR as kernels, and why one is not."""
