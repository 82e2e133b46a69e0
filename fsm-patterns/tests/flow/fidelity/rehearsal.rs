//! A run that is rehearsed with its own answers comes to what it came to, and its history tells the
//! same.

use fsm_patterns::{Answers, Moment, StepStatus};
use fsm_testkit::flows::input;

use super::{Played, Story};

pub(crate) fn check(story: &Story, played: &Played) {
    let Played { flow, report, witness, snapshot, .. } = played;
    let inputs = &witness.recorder.inputs;
    let epoch = flow.epoch_of("run", input(), story.seed, inputs).expect("its own inputs");

    let answers = Answers::of(flow, &epoch).expect("its own inputs");
    let kept = Answers::from_json(&answers.to_json()).expect("what was written is read");
    assert_eq!(kept, answers);
    let rehearsal = flow.rehearse(input(), &kept).expect("the same input");
    assert!(rehearsal.is_faithful(), "{:?} {:?}", rehearsal.missing, rehearsal.unused);
    assert_eq!(rehearsal.report.outcome, report.outcome);
    assert_eq!(*rehearsal.report.output, *report.output);
    for (name, step) in &report.steps {
        let again = &rehearsal.report.steps[name];
        assert_eq!((again.status, &*again.output), (step.status, &*step.output), "{name}");
        if !matches!(step.status, StepStatus::Cancelled | StepStatus::TimedOut) {
            assert_eq!(again, step, "{name}");
        }
    }
    assert_eq!(rehearsal.snapshot.now(), snapshot.now(), "every wait was as long");

    let mut retrace = flow.retrace(&epoch).expect("its own inputs");
    for (name, step) in &report.steps {
        retrace.to(&Moment::Settled(name.clone())).expect("there is such a step");
        let then = retrace.report().steps[name].status;
        assert_eq!(then, step.status, "{name} as it ended");
    }
}
