"""Muscle synergies: from recorded excitations to few commands, and to muscles nobody recorded."""
