use super::*;

/// The text of a page, without what is for the formatter.
fn plain(inlines: Vec<Inline>) -> String {
    let line = Roff::new().text(inlines).render();
    let last = line.lines().last().unwrap_or_default();
    last.replace("\\fB", "<").replace("\\fR", ">").replace("\\-", "-")
}

#[test]
fn markdown_is_what_man_shows() {
    for (markdown, shown) in [
        ("as `\"10m\"` is", "as <\"10m\"> is"),
        ("**A change needs a restart.**", "<A change needs a restart.>"),
        ("it says all ([policy](policy.md)).", "it says all (policy)."),
        ("the limits of `[server.rate_limit]`", "the limits of <[server.rate_limit]>"),
        ("a [ that opens nothing", "a [ that opens nothing"),
    ] {
        assert_eq!(plain(inlines(markdown)), shown);
    }
}

#[test]
fn the_page_has_every_table_and_key() {
    let page = page();
    for table in reference() {
        let (_, section) = page.split_once(&format!(".SH {}\n", table.header)).unwrap_or_else(|| {
            panic!("{} has no section", table.header);
        });
        let section = section.split("\n.SH ").next().unwrap_or_default();
        for key in &table.keys {
            assert!(section.contains(&format!(".TP\n\\fB{}\\fR\n", key.name)), "{} {}", table.header, key.name);
        }
    }
    assert!(!page.contains('`') && !page.contains("](") && !page.contains("**"), "{page}");
}
