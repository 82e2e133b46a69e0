//! Nothing to import: the stories are in `examples/examples`, the flow files in `examples/flows`,
//! and `examples/README.md` says how to run them.

/// The README's snippets, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The snippets of the page on rate limiting, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/rate-limiting.md")]
pub struct RateLimiting;

/// The snippets of the page on the circuit breaker, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/circuit-breaker.md")]
pub struct CircuitBreaker;

/// The snippets of the page on errors, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/errors.md")]
pub struct Errors;

/// The snippets of the page on undoing, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/undo.md")]
pub struct Undoing;

/// The snippets of the page on caching, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/caching.md")]
pub struct Caching;

/// The page on debugging.
#[cfg(doctest)]
#[doc = include_str!("../../docs/debugging.md")]
pub struct Debugging;

/// The snippets of the page on monitoring, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/monitoring.md")]
pub struct Monitoring;

/// The snippets of the page on resources, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/resources.md")]
pub struct Resources;

/// The snippets of the page on troubleshooting, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/troubleshooting.md")]
pub struct Troubleshooting;

/// The snippets of the page on flow files, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/flow-files.md")]
pub struct FlowFiles;

/// The snippets of the guide to machines, run as tests.
#[cfg(doctest)]
pub mod machines {
    /// Your first machine.
    #[doc = include_str!("../../docs/machines/first-machine.md")]
    pub struct FirstMachine;

    /// From an enum to a graph.
    #[doc = include_str!("../../docs/machines/enum-to-graph.md")]
    pub struct EnumToGraph;

    /// Guards and actions.
    #[doc = include_str!("../../docs/machines/guards-and-actions.md")]
    pub struct GuardsAndActions;

    /// Timers and activities.
    #[doc = include_str!("../../docs/machines/timers-and-activities.md")]
    pub struct TimersAndActivities;

    /// Hierarchy and regions.
    #[doc = include_str!("../../docs/machines/hierarchy-and-regions.md")]
    pub struct HierarchyAndRegions;

    /// Saving and restoring.
    #[doc = include_str!("../../docs/machines/saving.md")]
    pub struct Saving;

    /// When a flow changes under its runs.
    #[doc = include_str!("../../docs/change.md")]
    pub struct Change;

    /// Reading the drawing.
    #[doc = include_str!("../../docs/machines/drawing.md")]
    pub struct Drawing;

    /// A machine as a file.
    #[doc = include_str!("../../docs/machines/files.md")]
    pub struct Files;

    /// Coming from elsewhere.
    #[doc = include_str!("../../docs/machines/coming-from.md")]
    pub struct ComingFrom;

    /// What a step costs.
    #[doc = include_str!("../../docs/machines/cost.md")]
    pub struct Cost;
}

/// The snippets of the guide to testing, run as tests.
#[cfg(doctest)]
pub mod testing {
    /// Proving machines and flows.
    #[doc = include_str!("../../docs/testing/proving.md")]
    pub struct Proving;

    /// From a counterexample to a fix.
    #[doc = include_str!("../../docs/testing/counterexamples.md")]
    pub struct Counterexamples;

    /// Guards as data.
    #[doc = include_str!("../../docs/testing/guards.md")]
    pub struct Guards;

    /// Walks through a machine.
    #[doc = include_str!("../../docs/testing/walks.md")]
    pub struct Walks;

    /// Property tests of a machine.
    #[doc = include_str!("../../docs/testing/property-tests.md")]
    pub struct PropertyTests;

    /// A machine in a random world.
    #[doc = include_str!("../../docs/testing/simulator.md")]
    pub struct Simulator;

    /// A scripted API.
    #[doc = include_str!("../../docs/testing/scripted-api.md")]
    pub struct ScriptedApi;

    /// A machine of statig.
    #[doc = include_str!("../../docs/testing/statig.md")]
    pub struct Statig;

    /// A model of one's own.
    #[doc = include_str!("../../docs/testing/model-checking.md")]
    pub struct ModelChecking;
}
