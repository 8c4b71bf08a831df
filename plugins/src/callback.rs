//! Asks an application server whether somebody may sign in, in the XML form of the legacy product.
