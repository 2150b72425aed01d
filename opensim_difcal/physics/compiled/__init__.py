"""Machine code for the CPU, made from the muscle's own functions: recorded, written, compiled."""
