use super::*;
use rustix::io::Errno;

#[test]
fn what_one_peer_did_is_skipped_and_what_the_system_lacks_is_waited_out() {
    for (errno, skipped) in [
        (Errno::CONNABORTED, true),
        (Errno::CONNRESET, true),
        (Errno::INTR, true),
        (Errno::MFILE, false),
        (Errno::NFILE, false),
        (Errno::NOBUFS, false),
        (Errno::NOMEM, false),
    ] {
        assert_eq!(is_the_peers(&errno.into()), skipped, "{errno}");
    }
}
