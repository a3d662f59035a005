use super::*;

#[test]
fn users_are_found_as_the_system_lists_them() {
    let passwd = "root:x:0:0:root:/root:/bin/sh\nedgesteer:x:990:991::/var/lib/edgesteer:/usr/sbin/nologin\nodd:x\n";
    let group = "root:x:0:\nssl-cert:x:110:www,edgesteer\nedge:x:111:edgesteer2\nedgesteer:x:991:\n";
    let account = |uid, gid, groups: &[u32]| Some(Account { uid, gid, groups: groups.to_vec() });
    for (user, found) in [
        ("edgesteer", account(990, 991, &[110])),
        ("65532:65533", account(65532, 65533, &[])),
        ("edge", None),
        ("odd", None),
        ("1:x", None),
    ] {
        assert_eq!(find(user, passwd, group), found, "{user}");
    }
}

#[test]
fn a_state_directory_of_somebody_else_is_told_with_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let own = getuid().as_raw();
    let us = Account { uid: own, gid: 0, groups: Vec::new() };
    let state = directory.path().join("state");
    is_theirs(&state, "us", &us, false).unwrap();
    fs::write(state.join("holds.state"), "").unwrap();
    is_theirs(&state, "us", &us, false).unwrap();
    let other = Account { uid: own + 1, gid: 0, groups: Vec::new() };
    let refused = is_theirs(&state, "other", &other, false).unwrap_err().to_string();
    let path = state.display();
    assert_eq!(refused, format!("{path} belongs to the user {own}, not to other: chown -R other {path}"));
}
