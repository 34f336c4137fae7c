//! A local Messenger to try and to test everything against.
