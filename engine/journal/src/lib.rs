//! engine/journal
