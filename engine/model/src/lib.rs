//! engine/model
