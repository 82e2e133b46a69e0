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

struct Counter {
    pushes: u32,
}

fn count(counter: &mut Counter, _: &Hand) {
    counter.pushes += 1;
}

fn main() {
    Machine::<Lock, Hand>::builder("door")
        .on(Door::Closed, Hand::Push)
        .then("count", count)
        .to(Door::Open)
        .build(Door::Closed)
        .unwrap();
}
