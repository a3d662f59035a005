//! Any octets as a datagram, in both lanes.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| edgesteer_fuzz::datagram(octets));
