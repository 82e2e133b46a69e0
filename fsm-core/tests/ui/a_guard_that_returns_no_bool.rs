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
        .on(Door::Closed, Hand::Push)
        .when("code is set", |lock, _| lock.code)
        .to(Door::Open)
        .build(Door::Closed)
        .unwrap();
}
