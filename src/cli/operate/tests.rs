use super::*;

#[test]
fn a_user_has_the_name_that_the_file_tells() {
    let users = "root:x:0:0:root:/root:/bin/sh\n\n+::::::\nedge:x:100:0::/:/bin/sh\nlast:x:1000";
    for (uid, name) in [("0", Some("root")), ("100", Some("edge")), ("1000", Some("last")), ("1", None), ("x", None)] {
        assert_eq!(name_of(uid, users), name, "{uid}");
    }
    assert_eq!(name_of("0", ""), None);
}
