//! Dense indices into the tables of one topology.
//!
//! Here: newtypes, so that a pool's index cannot be used as a service's. Not here: names; those live in the topology.
//! An id is valid only together with the topology that issued it; whatever outlives a reload is matched by name.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// The id as an index into its table.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of the table's entry `index`.
            ///
            /// # Panics
            /// Where a table has outgrown `u32`, which `limits` rules out.
            pub const fn at(index: usize) -> Self {
                assert!(index <= u32::MAX as usize, "table larger than its id");
                Self(index as u32)
            }
        }
    };
}

id!(
    /// A zone that we are authoritative for.
    ZoneId
);
id!(
    /// One answer behaviour; also the row of the answer table.
    ServiceId
);
id!(
    /// Endpoints that can stand in for each other.
    PoolId
);
id!(
    /// One address with one check: what probes aim at and verdicts belong to.
    TargetId
);
id!(
    /// Clients that every service treats alike.
    RegionId
);
id!(
    /// Clients inside, told apart by the address that they ask from.
    ViewId
);
id!(
    /// Domains that the same services serve; they share every answer.
    ClassId
);
