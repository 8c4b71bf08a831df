//! Bridges over a real engine.
