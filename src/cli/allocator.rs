//! How the C library keeps memory that was freed.
//!
//! What is here: one setting, made before there are threads. Where the C library is another one, nothing is changed.

#![allow(
    unsafe_code,
    reason = "the setting has no safe form, and its form in the environment is not ours to demand of whoever starts us"
)]

/// What is as large as this has pages of its own, which go back to the system when it is freed; octets.
#[cfg(target_env = "gnu")]
const OWN_PAGES: nix::libc::c_int = 128 * 1024;

/// Gives the tables of a configuration back to the system when another one takes its place. By itself glibc raises that bound to the
/// largest block that was ever freed, and keeps everything smaller: over reloads of a million domains that is half as much again
/// as they need (mallopt(3), `M_MMAP_THRESHOLD`).
pub(super) fn give_back() {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: it takes two numbers and changes variables of the allocator, under its lock; a refusal leaves them as they were.
        unsafe { nix::libc::mallopt(nix::libc::M_MMAP_THRESHOLD, OWN_PAGES) };
    }
}
