"""The basket exchange (S4): takers, offers of a dated basket, who takes it."""
