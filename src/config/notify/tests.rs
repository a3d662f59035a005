use super::*;

#[test]
fn nothing_behind_the_host_of_a_webhook_is_shown() {
    let shown = [
        ("https://hooks.example/edge/SECRET", "https://hooks.example"),
        ("https://hooks.example?key=SECRET", "https://hooks.example"),
        ("https://hooks.example:8443?to=SECRET/path", "https://hooks.example:8443"),
        ("http://hooks.example#SECRET", "http://hooks.example"),
        ("http://[2001:db8::1]:80/SECRET", "http://[2001:db8::1]:80"),
        ("https://hooks.example", "https://hooks.example"),
    ];
    for (url, origin) in shown {
        let webhook = Webhook { url: url.to_owned(), secret: None, ca: None };
        assert_eq!((webhook.origin(), format!("{webhook:?}")), (origin, format!("Webhook({origin})")));
    }
}

#[test]
fn a_user_is_one_before_the_host_alone() {
    let read = |text| (URL.read)(text).map_err(|why| why.to_string());
    for url in ["https://hooks.example/to/me@example", "https://hooks.example?to=me@example"] {
        assert_eq!(read(url), Ok(url.to_owned()));
    }
    for url in ["https://me:pass@hooks.example", "https://me@hooks.example?x", "https://me@hooks.example#x"] {
        assert_eq!(read(url), Err("user and password in a URL are not sent".to_owned()));
    }
}
