//! Any octets as a question within a good header.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| edgesteer_fuzz::question(octets));
