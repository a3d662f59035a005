//! Any octets as an OPT record behind a good question.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| edgesteer_fuzz::edns(octets));
