//! Journeys, layering and tidy checks live in the test binary.
