//! One instant on both clocks: the one that only runs forward, and the one that people and files know.

use std::time::{Duration, Instant};

/// Now, as it was read once. What is reckoned in the process is reckoned in instants; seconds since 1970 are for files and
/// people, since that clock may be set while we run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// On the clock that only runs forward.
    pub at: Instant,
    /// Seconds since 1970.
    pub unix: u64,
}

impl Moment {
    /// When an instant is or was, in seconds since 1970.
    pub fn unix_of(self, instant: Instant) -> u64 {
        if instant >= self.at {
            self.unix.saturating_add((instant - self.at).as_secs())
        } else {
            self.unix.saturating_sub((self.at - instant).as_secs())
        }
    }

    /// When an instant is or was, in milliseconds since 1970: as far apart as instants are, and off as a whole by up to a second.
    pub fn unix_ms_of(self, instant: Instant) -> u64 {
        let ms = |gap: Duration| u64::try_from(gap.as_millis()).unwrap_or(u64::MAX);
        let now = self.unix.saturating_mul(1000);
        if instant >= self.at {
            now.saturating_add(ms(instant - self.at))
        } else {
            now.saturating_sub(ms(self.at - instant))
        }
    }

    /// The instant at which something happened `ago`, or the earliest that this host can name.
    pub fn before(self, ago: Duration) -> Instant {
        self.at.checked_sub(ago).unwrap_or(self.at)
    }

    /// How long ago a time of the file was; nothing where it lies ahead, because the clock was set back since.
    pub fn age(self, unix: u64) -> Duration {
        Duration::from_secs(self.unix.saturating_sub(unix))
    }
}

#[cfg(test)]
mod tests;
