"""Start values of muscle parameters: lengths from a reference model, forces from volumes, repairs."""
