//! Journeys, layering and tidy checks.
