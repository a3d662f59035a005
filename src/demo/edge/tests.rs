use super::*;

#[test]
fn an_answer_echoes_the_request() {
    let request = "OPTIONS sip:contoso.com SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:5;branch=z9hG4bK1;rport\r\n\
                   From: <sip:a@b>;tag=1\r\nTo: <sip:contoso.com>\r\nCall-ID: 7\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n";
    let expected = "SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS 127.0.0.1:5;branch=z9hG4bK1;rport\r\nFrom: <sip:a@b>;tag=1\r\n\
                    To: <sip:contoso.com>;tag=simulated\r\nCall-ID: 7\r\nCSeq: 1 OPTIONS\r\n\
                    Server: edgesteer simulated edge\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(answer(request.as_bytes(), "200 OK"), expected);
    assert_eq!(header_end(request.as_bytes()), Some(request.len()));
}
