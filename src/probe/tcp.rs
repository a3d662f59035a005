//! Check kind "tcp": a connection is accepted. A weak check: a host may accept for a dead service (federation.md 4.3).

use super::{Aim, Answered, Asked, Attempt, dial};

pub(super) async fn probe(aim: &Aim, attempt: &mut Attempt) -> Asked {
    let (stream, _) = dial::connect(aim.target.address, attempt).await?;
    Ok(Answered::pass(dial::Connection::new(stream)))
}
