use super::*;
use std::fs;

const MIB: u64 = 1 << 20;

fn limit(mib: u64, counts: Counts) -> Limit {
    Limit { octets: mib * MIB, counts, by: "somebody".to_owned() }
}

#[test]
fn the_smallest_limit_around_a_group_counts() {
    let huge = (i64::MAX as u64 & !0xfff).to_string();
    // Groups of the process, files with their content, and the one that counts with its octets.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<(&'a str, u64)>);
    let cases: &[Case<'_>] = &[
        ("", &[("memory.max", "5\n")], None),
        ("0::/\n", &[], None),
        // A container with a name space of its own.
        ("0::/\n", &[("memory.max", "5\n")], Some(("memory.max", 5))),
        ("0::/a/b\n", &[("a/b/memory.max", "7\n"), ("a/memory.max", "max\n")], Some(("a/b/memory.max", 7))),
        ("0::/a/b\n", &[("a/b/memory.max", "7\n"), ("a/memory.max", "6\n")], Some(("a/memory.max", 6))),
        ("0::/a/b\n", &[("a/b/memory.max", "max\n"), ("a/c/memory.max", "6\n")], None),
        ("0::/../x\n", &[("memory.max", "5\n")], Some(("memory.max", 5))),
        ("0::/../../x\n", &[("x/memory.max", "5\n")], Some(("x/memory.max", 5))),
        // Version 1, alone and beside version 2.
        (
            "4:memory:/a\n1:cpu:/b\n",
            &[("memory/a/memory.limit_in_bytes", "8\n")],
            Some(("memory/a/memory.limit_in_bytes", 8)),
        ),
        ("4:cpu,memory:/a\n", &[("memory/memory.limit_in_bytes", "8\n")], Some(("memory/memory.limit_in_bytes", 8))),
        ("4:memory:/a\n", &[("memory/a/memory.limit_in_bytes", &huge)], None),
        ("1:cpu:/a\n", &[("memory/a/memory.limit_in_bytes", "8\n")], None),
        (
            "4:memory:/a\n0::/b\n",
            &[("memory/a/memory.limit_in_bytes", "8\n"), ("unified/b/memory.max", "7\n")],
            Some(("unified/b/memory.max", 7)),
        ),
        // What nobody understands is no limit.
        ("nonsense\n0:\n::\n", &[("memory.max", "5\n")], Some(("memory.max", 5))),
        ("0::/\n", &[("memory.max", "")], None),
        ("0::/\n", &[("memory.max", "-1\n")], None),
    ];
    for (groups, files, wanted) in cases {
        let root = tempfile::tempdir().unwrap();
        for (file, content) in *files {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        let found = of_groups(groups, root.path());
        let wanted = wanted.map(|(file, octets)| (root.path().join(file).display().to_string(), octets));
        assert_eq!(found.map(|limit| (limit.by, limit.octets)), wanted, "{groups:?} {files:?}");
    }
}

#[test]
fn what_a_process_has_is_read() {
    let status = "Name:\tx\nVmPeak:\t   9 kB\nVmSize:\t   4 kB\nVmHWM:\t   3 kB\nVmRSS:\t   2 kB\nRssAnon:\t 1 kB\nRssFile:\t 1 kB\nRssShmem:\t 0 kB\n";
    assert_eq!(Used::read(status), Some(Used { held: 1024, resident: 2048, peak: 3072, address: 4096 }));
    for missing in ["", "VmRSS:\t2 kB\n", &status.replace("4 kB", "x kB"), &status.replace(" kB", "")] {
        assert_eq!(Used::read(missing), None, "{missing:?}");
    }
    let used = Used::now().unwrap();
    assert!(
        used.held > 0 && used.resident >= used.held && used.peak >= used.resident && used.address >= used.resident,
        "{used:?}"
    );
}

#[test]
fn a_peak_counts_where_it_was_not_hidden() {
    let used = |resident, peak| Used { resident, peak, ..Used::default() };
    for (before, after, wanted) in [
        (used(10, 10), used(80, 100), Some(90)),
        (used(80, 100), used(90, 150), Some(70)),
        (used(80, 100), used(90, 100), None),
    ] {
        assert_eq!(cost(before, after), wanted, "{before:?} {after:?}");
    }
}

#[test]
fn a_reload_fits_where_no_limit_is_below_its_peak() {
    let used = Used { held: 100 * MIB, resident: 110 * MIB, peak: 200 * MIB, address: 700 * MIB };
    let (held, address) = (Counts::Held, Counts::Address);
    let told = |peak: u64, what: &str, limit: u64| {
        Some(format!("needs about {peak} MiB of {what} at its peak, and the limit is {limit} MiB (somebody)"))
    };
    for (need, limits, wanted) in [
        (90, vec![], None),
        (90, vec![limit(190, held), limit(790, address)], None),
        (91, vec![limit(190, held)], told(191, "memory", 190)),
        (91, vec![limit(512, held), limit(790, address)], told(791, "address space", 790)),
        // There is too little already.
        (0, vec![limit(64, held)], told(100, "memory", 64)),
    ] {
        assert_eq!(excess(need * MIB, used, &limits), wanted, "{need} {limits:?}");
    }
}

#[tokio::test]
async fn what_is_needed_follows_the_size_of_the_files() {
    let mut memory = Memory::new(&Registry::new(), None, 20).unwrap();
    assert_eq!(memory.need(1000), 0, "nothing was measured");
    memory.weighed(Some(160), 20);
    // One part in 16 more than it was, and four octets for each by which files grew.
    // What was hidden by an earlier peak changes nothing that is known.
    memory.weighed(None, 40);
    for (files, wanted) in [(20, 170), (40, 255), (4, 102), (u64::MAX, u64::MAX)] {
        assert_eq!(memory.need(files), wanted, "{files}");
    }
    memory.weighed(Some(50), 20);
    assert_eq!(memory.need(0), 0);
}
