//! Any octets as a master file, and questions for what it says.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| edgesteer_fuzz::records(octets));
