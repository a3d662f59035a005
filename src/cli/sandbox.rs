//! What this process forbids itself, for good and with every thread to come: files elsewhere (Landlock), running programs, and
//! system calls that a DNS server has no use for (seccomp).
//!
//! It is applied before there are other threads. System calls are a list of what is refused, not of what is allowed: the C library and
//! the kernel bring new ones with every release, and a server that dies of one is worse off than one that has a few too many. Those
//! refused are what an intruder wants next. Where commands are run (checks of kind "exec", notifications) nothing is forbidden, since the commands
//! would inherit it, and what they need is not known.

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, make_bitflags, path_beneath_rules,
};
use nix::libc;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The newest form of Landlock that we know how to use; an older kernel does what it can.
const NEWEST: ABI = ABI::V5;

/// Where every program reads: libraries, zones of time, names of hosts, devices without harm, and how many cores there are.
const READ: &[&str] = &["/etc", "/run/systemd/resolve", "/usr", "/lib", "/lib64", "/proc", "/sys", "/dev"];

/// System calls that are refused.
const REFUSED: &[libc::c_long] = &[
    // Into other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    // Programs.
    libc::SYS_execve,
    libc::SYS_execveat,
    // The kernel itself.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    // Keys of the kernel.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // What is mounted where, and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    // The clock and the name of the host.
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_personality,
];

/// What may still be done with files.
pub(super) struct Needs {
    /// Directories and files that are read.
    pub(super) read: Vec<PathBuf>,
    /// Directories in which files are written.
    pub(super) write: Vec<PathBuf>,
}

/// Applies both, as far as the system lets us; says which came of it, a part each.
pub(super) fn close(needs: &Needs) -> Vec<String> {
    let files = match landlock(needs) {
        Ok(status) => match status.landlock {
            LandlockStatus::Available { effective_abi, .. } => format!("Landlock ABI {}", effective_abi as i32),
            LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => {
                "no Landlock: the kernel has none".to_owned()
            }
        },
        Err(error) => format!("no Landlock: {error}"),
    };
    let calls = match seccomp() {
        Ok(()) => format!("seccomp refuses {} system calls", REFUSED.len()),
        Err(error) => format!("no seccomp: {error}"),
    };
    vec![files, calls]
}

fn landlock(needs: &Needs) -> Result<RestrictionStatus, RulesetError> {
    let read: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let write =
        read | make_bitflags!(AccessFs::{WriteFile | Truncate | MakeReg | MakeDir | RemoveFile | RemoveDir | Refer});
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(READ.iter().map(PathBuf::from).chain(needs.read.iter().cloned()), read))?
        .add_rules(path_beneath_rules(&needs.write, write))?
        .restrict_self()
}

fn seccomp() -> Result<(), Box<dyn std::error::Error>> {
    nix::sys::prctl::set_no_new_privs()?;
    let rules: BTreeMap<i64, _> = REFUSED.iter().map(|&call| (call, Vec::new())).collect();
    let refuse = SeccompAction::Errno(libc::EPERM as u32);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, std::env::consts::ARCH.try_into()?)?;
    let program: BpfProgram = filter.try_into()?;
    Ok(apply_filter(&program)?)
}
