use super::*;

#[test]
fn every_way_to_fail_has_its_class() {
    use io::ErrorKind as K;
    for (kind, class) in [
        (K::ConnectionRefused, FailureClass::Refused),
        (K::ConnectionReset, FailureClass::Closed),
        (K::TimedOut, FailureClass::Timeout),
        (K::HostUnreachable, FailureClass::Unreachable),
        (K::NetworkUnreachable, FailureClass::Unreachable),
        (K::PermissionDenied, FailureClass::Unreachable),
    ] {
        assert_eq!(not_connected(&kind.into()).class, class, "{kind:?}");
    }
    for code in LOCAL_ERRORS {
        assert_eq!(not_connected(&io::Error::from_raw_os_error(code)).class, FailureClass::Local, "{code}");
    }
    for (kind, class) in [
        (K::UnexpectedEof, FailureClass::Closed),
        (K::ConnectionReset, FailureClass::Closed),
        (K::BrokenPipe, FailureClass::Closed),
        (K::TimedOut, FailureClass::Timeout),
        (K::HostUnreachable, FailureClass::Unreachable),
    ] {
        assert_eq!(broken(&kind.into(), "before").class, class, "{kind:?}");
    }
}

#[test]
fn what_tls_says_is_told_to_people() {
    for (error, class, words) in [
        (
            Error::AlertReceived(AlertDescription::CertificateRequired),
            FailureClass::Tls,
            "the server demands a client certificate (give the check tls = { cert, key }): alert CertificateRequired here",
        ),
        (
            Error::AlertReceived(AlertDescription::InternalError),
            FailureClass::Tls,
            "the server refused with alert InternalError here",
        ),
        (
            Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
            FailureClass::Protocol,
            "what answers does not speak TLS",
        ),
    ] {
        let found = broken(&io::Error::new(io::ErrorKind::InvalidData, error), "here");
        assert_eq!((found.class, &*found.detail), (class, words));
    }
}
