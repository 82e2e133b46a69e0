use fsm_core::Machine;

#[derive(Debug)]
enum Door {
    Closed,
    Open,
}

#[derive(Debug)]
enum Hand {
    Push,
}

struct Lock {
    code: u32,
}

fn main() {
    Machine::<Lock, Hand>::builder("door")
        .on(Door::Closed, Hand::Push)
        .to(Door::Open)
        .build(Door::Closed)
        .unwrap();
}
