//! Files: read within limits, replaced as a whole or not at all, found in a repository.
//!
//! ```text
//! open_for_update ─► Opened { bytes, target } ─ compute in memory ─► target.replace(bytes)
//! ```

mod folders;
mod limit;
mod prepared;
mod replace;
mod target;
mod temp;
mod turn;
mod walk;

pub use folders::Folders;
pub use limit::{Limits, read, read_limited, tail_has, too_large};
pub use prepared::Prepared;
pub use replace::{Secrecy, write_new};
pub use target::{Opened, Target, open_for_update, open_in_turn};
pub use turn::{Lock, Turn};
pub use walk::{Found, Wanted, collect, may_have_block};
