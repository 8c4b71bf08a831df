//! What the tests of the whole share: the tests themselves lie in the folders beside this one.
