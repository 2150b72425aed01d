"""Pure functions on tensors: activation, muscle, tendon, joint moments. No OpenSim here."""
