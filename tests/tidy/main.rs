//! Tidy: the rules of the house that a machine can check.

mod edges;
mod files;
mod places;
mod purity;
mod schemas;
mod tree;
