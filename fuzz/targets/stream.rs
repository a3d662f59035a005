//! Any octets as a stream of messages, in any pieces.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| edgesteer_fuzz::stream(octets));
