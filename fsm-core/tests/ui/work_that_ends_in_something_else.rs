use fsm_core::{Event, Machine};

#[derive(Debug)]
enum Door {
    Closed,
    Open,
}

#[derive(Debug)]
enum Hand {
    Push,
}
impl Event for Hand {}

struct Lock {
    code: u32,
}

fn main() {
    Machine::<Lock, Hand>::builder("door")
        .activity(Door::Closed, |lock, _| {
            let code = lock.code;
            async move { code }
        })
        .done(Door::Closed)
        .to(Door::Open)
        .build(Door::Closed)
        .unwrap();
}
