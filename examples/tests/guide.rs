//! The picture on the first page of the guide is what its program prints.

use fsm_core::{Event, Machine};

#[derive(Clone, Debug, PartialEq)]
enum Door {
    Closed,
    Open,
    Locked,
}

#[derive(Debug)]
enum Hand {
    Push,
    Pull,
    Turn(u32),
}
impl Event for Hand {}

#[test]
fn the_first_page_shows_the_picture_that_its_program_prints() {
    let machine = Machine::<u32, Hand>::builder("door")
        .on(Door::Closed, Hand::Push)
        .to(Door::Open)
        .on(Door::Open, Hand::Pull)
        .to(Door::Closed)
        .on(Door::Closed, Hand::Turn(0))
        .then("keep code", |code, hand| {
            if let Hand::Turn(turned) = hand {
                *code = *turned;
            }
        })
        .to(Door::Locked)
        .on(Door::Locked, Hand::Turn(0))
        .when("code fits", |code, hand| matches!(hand, Hand::Turn(turned) if turned == code))
        .to(Door::Closed)
        .build(Door::Closed)
        .expect("a sound machine");
    let picture = machine.graph().to_mermaid();
    let page = include_str!("../../docs/machines/first-machine.md");
    assert!(page.contains(&format!("```mermaid\n{picture}```\n")), "it prints\n{picture}");
}
