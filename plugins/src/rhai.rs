//! Runs the operator's scripts in a process of their own.
