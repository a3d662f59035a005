//! What the figures were measured on, without names of hosts or paths.

/// One line: processor, cores, memory, kernel.
pub(crate) fn describe() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let cpu = read("/proc/cpuinfo");
    let (model, mhz, cache) = (after(&cpu, "model name"), after(&cpu, "cpu MHz"), after(&cpu, "cache size"));
    let family = format!("family {} model {}", after(&cpu, "cpu family"), after(&cpu, "model\t"));
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let memory = after(&read("/proc/meminfo"), "MemTotal").split(' ').next().and_then(|kib| kib.parse::<u64>().ok());
    let kernel = read("/proc/sys/kernel/osrelease");
    let virtual_machine = if cpu.contains("hypervisor") { ", a virtual machine" } else { "" };
    format!(
        "{model} ({family}, {mhz} MHz, cache {cache}), {cores} cores{virtual_machine}, {} GiB, Linux {}",
        memory.unwrap_or(0) >> 20,
        kernel.split('-').next().unwrap_or_default().trim()
    )
}
