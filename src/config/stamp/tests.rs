use super::*;
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn every_way_to_change_a_file_changes_its_stamp_and_looking_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (file, link) = (path("file"), path("link"));
    let absent = Stamp::now(&file);
    fs::write(&file, "one").unwrap();
    symlink(&file, &link).unwrap();
    let mut before = Stamp::now(&link);
    assert_ne!(absent, Stamp::now(&file), "it is there now");
    fs::read(&file).unwrap();
    assert_eq!(before, Stamp::now(&link), "it was only read");
    let changes: [(&str, &dyn Fn()); 4] = [
        ("appended to", &|| fs::write(&file, "one and two").unwrap()),
        ("renamed over", &|| {
            fs::write(path("new"), "one and two").unwrap();
            fs::rename(path("new"), &file).unwrap();
        }),
        ("the link leads elsewhere", &|| {
            fs::write(path("other"), "one and two").unwrap();
            symlink(path("other"), path("link.new")).unwrap();
            fs::rename(path("link.new"), &link).unwrap();
        }),
        ("removed", &|| fs::remove_file(path("other")).unwrap()),
    ];
    for (what, change) in changes {
        change();
        let after = Stamp::now(&link);
        assert_ne!(before, after, "{what}");
        before = after;
    }
}
