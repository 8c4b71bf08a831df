//! turbo
