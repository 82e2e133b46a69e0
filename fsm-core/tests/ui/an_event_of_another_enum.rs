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

#[derive(Debug)]
enum Foot {
    Kick,
}

fn main() {
    Machine::<Lock, Hand>::builder("door")
        .on(Door::Closed, Foot::Kick)
        .to(Door::Open)
        .build(Door::Closed)
        .unwrap();
}
