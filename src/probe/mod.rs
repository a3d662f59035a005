//! Ask the world.
