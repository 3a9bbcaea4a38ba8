//! What each metric means: its word in exports, its unit, and its definition in one sentence.

use crate::domain::flow::metric::{Key, Unit};
use crate::domain::stage::Stage;

/// How points make a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fold {
    /// Half of them are not above it, by nearest rank.
    Median,
    /// Their mean.
    Mean,
    /// Their mean by weight, as a part of one.
    Share,
    /// How many there are, for each day of the window.
    PerDay,
    /// The same for each week.
    PerWeek,
    /// How many there are.
    Number,
    /// How many parts there are.
    Parts,
    /// The share of the largest part.
    Largest,
    /// How few parts have half of the points.
    Half,
}

impl Key {
    /// The metrics of a report that are measured in every scope, in the order in which they are shown.
    pub const ALL: [Self; 37] = [
        Self::LeadTime,
        Self::DeploymentFrequency,
        Self::ChangeFailRate,
        Self::RecoveryTime,
        Self::ReworkRate,
        Self::CycleTime,
        Self::Throughput,
        Self::Wip,
        Self::WipAge,
        Self::FlowEfficiency,
        Self::TimeToFeedback,
        Self::FlakeRate,
        Self::TimeToGreen,
        Self::TimeToFirstReview,
        Self::LeadTimeBots,
        Self::LeadTimeFromMerge,
        Self::LeadTimeProxy,
        Self::FrequencyProxy,
        Self::FailedAttempts,
        Self::ChangesPerDeployment,
        Self::CycleTimeIn(Stage::Plan),
        Self::CycleTimeIn(Stage::Code),
        Self::CycleTimeIn(Stage::Build),
        Self::CycleTimeIn(Stage::Test),
        Self::CycleTimeIn(Stage::Release),
        Self::CycleTimeIn(Stage::Deploy),
        Self::CycleTimeBots,
        Self::ThroughputBots,
        Self::LittlesLaw,
        Self::TimeToApprove,
        Self::ReviewRounds,
        Self::MergeWait,
        Self::BatchSize,
        Self::CiQueue,
        Self::CiSuccessRate,
        Self::GateWait,
        Self::Handoffs,
    ];

    /// Returns the word in JSON and tables; stable.
    pub fn as_str(self) -> &'static str {
        self.row().0
    }

    /// Returns in what it is measured.
    pub fn unit(self) -> Unit {
        self.row().1
    }

    /// Returns in what each of its points is measured, where that is not its own unit: a rate and a
    /// number of parts count points, a comparison rests on what it compares.
    pub fn unit_of_points(self) -> Unit {
        if matches!(self, Self::LittlesLaw | Self::WipOld) {
            return Unit::Seconds;
        }
        match self.fold() {
            Fold::PerDay | Fold::PerWeek | Fold::Parts | Fold::Largest | Fold::Half => Unit::Count,
            Fold::Median | Fold::Mean | Fold::Share | Fold::Number => self.unit(),
        }
    }

    pub(super) fn fold(self) -> Fold {
        self.row().2
    }

    /// Returns what it means, in one sentence.
    pub fn definition(self) -> &'static str {
        self.row().3
    }

    /// Returns whether values of several services say nothing together.
    pub fn is_of_service(self) -> bool {
        let blends = [
            Self::LeadTime,
            Self::LeadTimeBots,
            Self::LeadTimeFromMerge,
            Self::LeadTimeProxy,
            Self::DeploymentFrequency,
            Self::FrequencyProxy,
            Self::ChangeFailRate,
            Self::RecoveryTime,
            Self::ReworkRate,
            Self::ChangesPerDeployment,
            Self::BusFactor,
        ];
        blends.contains(&self)
    }

    /// Returns whether it is measured by deployments to production.
    pub fn is_of_deployments(self) -> bool {
        let proxied = [Self::LeadTimeProxy, Self::FrequencyProxy, Self::BusFactor];
        (self.is_of_service() && !proxied.contains(&self)) || self == Self::FailedAttempts
    }

    fn row(self) -> (&'static str, Unit, Fold, &'static str) {
        match self {
            Self::LeadTime
            | Self::LeadTimeBots
            | Self::LeadTimeFromMerge
            | Self::LeadTimeProxy
            | Self::DeploymentFrequency
            | Self::FrequencyProxy
            | Self::ChangeFailRate
            | Self::RecoveryTime
            | Self::ReworkRate
            | Self::FailedAttempts
            | Self::ChangesPerDeployment => self.of_deployments(),
            Self::TimeToFirstReview
            | Self::TimeToApprove
            | Self::ReviewRounds
            | Self::MergeWait
            | Self::BatchSize
            | Self::TimeToFeedback
            | Self::CiQueue
            | Self::CiSuccessRate
            | Self::FlakeRate
            | Self::TimeToGreen => self.of_changes(),
            Self::CycleTimeIn(stage) => in_stage(stage),
            Self::CycleTime
            | Self::CycleTimeBots
            | Self::Throughput
            | Self::ThroughputBots
            | Self::Wip
            | Self::WipAge
            | Self::FlowEfficiency
            | Self::LittlesLaw => self.of_cards(),
            Self::ReviewPairs
            | Self::Handoffs
            | Self::WaitForPeople
            | Self::StagesByMachine
            | Self::GateWait
            | Self::WipOverLimit
            | Self::WipOld
            | Self::SourcesHealthy
            | Self::EvidenceComplete
            | Self::ReviewSpread
            | Self::BusFactor => self.of_calms(),
        }
    }

    #[rustfmt::skip]
    #[expect(clippy::wildcard_enum_match_arm, reason = "`row` names every key and says whose it is")]
    fn of_deployments(self) -> (&'static str, Unit, Fold, &'static str) {
        match self {
            Self::LeadTimeBots => ("lead_time_bots", Unit::Seconds, Fold::Median,
                "lead time of changes that machines wrote"),
            Self::LeadTimeFromMerge => ("lead_time_from_merge", Unit::Seconds, Fold::Median,
                "time from the merge of a change to the first deployment to production that has it; median"),
            Self::LeadTimeProxy => ("lead_time_proxy", Unit::Seconds, Fold::Median,
                "time from the first commit of a change to its release, or to its merge where nothing is released; median"),
            Self::DeploymentFrequency => ("deployment_frequency", Unit::PerDay, Fold::PerDay,
                "distinct versions that came to production, for each day of the window; the same version again is none"),
            Self::FrequencyProxy => ("deployment_frequency_proxy", Unit::PerDay, Fold::PerDay,
                "releases, or merges where nothing is released, for each day of the window"),
            Self::ChangeFailRate => ("change_fail_rate", Unit::Share, Fold::Share,
                "deployments that were taken back or had an incident, of all deployments"),
            Self::RecoveryTime => ("recovery_time", Unit::Seconds, Fold::Median,
                "time from a deployment that failed in use to its rollback, its repair or the end of its incident; median"),
            Self::ReworkRate => ("rework_rate", Unit::Share, Fold::Share,
                "deployments that were a hotfix, revert, rollback or the end of an incident, of all deployments"),
            Self::FailedAttempts => ("deploy_attempt_failures", Unit::Count, Fold::Number,
                "attempts to deploy to production that failed and delivered nothing; no change failures"),
            Self::ChangesPerDeployment => ("changes_per_deployment", Unit::Count, Fold::Median,
                "changes that one deployment brought; median"),
            _ => ("lead_time", Unit::Seconds, Fold::Median,
                "time from the first commit of a change to the first deployment to production that has it; median"),
        }
    }

    #[rustfmt::skip]
    #[expect(clippy::wildcard_enum_match_arm, reason = "`row` names every key and says whose it is")]
    fn of_changes(self) -> (&'static str, Unit, Fold, &'static str) {
        match self {
            Self::TimeToFirstReview => ("time_to_first_review", Unit::Seconds, Fold::Median,
                "time from ready for review to the first review or comment by another person than the author; median"),
            Self::TimeToApprove => ("time_to_approve", Unit::Seconds, Fold::Median,
                "time from ready for review to the first approval by another person than the author; median"),
            Self::ReviewRounds => ("review_rounds", Unit::Count, Fold::Median,
                "how often changes were asked for before the merge; median"),
            Self::MergeWait => ("merge_wait", Unit::Seconds, Fold::Median,
                "time from approved and green to merged; median"),
            Self::BatchSize => ("batch_size", Unit::Lines, Fold::Median,
                "lines added and removed by a merged change; median"),
            Self::CiQueue => ("ci_queue", Unit::Seconds, Fold::Median,
                "time that an attempt of a run waited before it began to work; median"),
            Self::CiSuccessRate => ("ci_success_rate", Unit::Share, Fold::Share,
                "runs that passed at last, of those that passed or failed; cancelled and skipped ones do not count"),
            Self::FlakeRate => ("flake_rate", Unit::Share, Fold::Share,
                "commits whose workflow failed and then passed without a new commit, of commits with any failure"),
            Self::TimeToGreen => ("time_to_green", Unit::Seconds, Fold::Mean,
                "time from the first red run of a workflow on the default branch to the next green one; mean"),
            _ => ("time_to_feedback", Unit::Seconds, Fold::Median,
                "time from a push to its first failed run, or to the last of its runs where all pass; what begins later is none of them; median"),
        }
    }

    #[rustfmt::skip]
    #[expect(clippy::wildcard_enum_match_arm, reason = "`row` names every key and says whose it is")]
    fn of_cards(self) -> (&'static str, Unit, Fold, &'static str) {
        match self {
            Self::CycleTimeBots => ("cycle_time_bots", Unit::Seconds, Fold::Median,
                "cycle time of cards that machines wrote"),
            Self::Throughput => ("throughput", Unit::PerWeek, Fold::PerWeek,
                "cards that were first live, for each week of the window"),
            Self::ThroughputBots => ("throughput_bots", Unit::PerWeek, Fold::PerWeek,
                "throughput of cards that machines wrote"),
            Self::Wip => ("wip", Unit::Cards, Fold::Number,
                "cards that were started and are neither live nor given up"),
            Self::WipAge => ("wip_age", Unit::Seconds, Fold::Median,
                "time since the start of the cards in progress; the line is the p85 of the cycle time; median"),
            Self::FlowEfficiency => ("flow_efficiency", Unit::Share, Fold::Share,
                "the part of all cycle time in which cards were worked on, by people or machines, and did not wait"),
            Self::LittlesLaw => ("littles_law", Unit::Share, Fold::Mean,
                "how far mean work in progress is from throughput times mean cycle time, as a part of the former"),
            _ => ("cycle_time", Unit::Seconds, Fold::Median,
                "time from the start of work on a card, its first Code, to its first time live, waits included; median"),
        }
    }

    #[rustfmt::skip]
    #[expect(clippy::wildcard_enum_match_arm, reason = "`row` names every key and says whose it is")]
    fn of_calms(self) -> (&'static str, Unit, Fold, &'static str) {
        match self {
            Self::Handoffs => ("handoffs", Unit::Count, Fold::Median,
                "how often a card went from hand to hand before it was live; median"),
            Self::WaitForPeople => ("wait_for_people", Unit::Share, Fold::Share,
                "the part of all cycle time in which cards waited for a review or an approval"),
            Self::StagesByMachine => ("stages_by_machine", Unit::Share, Fold::Share,
                "stages from Build to Deploy that cards passed with nothing for a person to do, of all that they passed"),
            Self::GateWait => ("gate_wait", Unit::Seconds, Fold::Median,
                "time that a card waited for a person at a gate; median"),
            Self::WipOverLimit => ("wip_over_limit", Unit::Share, Fold::Share,
                "limits of work in progress that are exceeded, of all limits"),
            Self::WipOld => ("wip_old", Unit::Share, Fold::Share,
                "cards in progress that are older than the p85 of the cycle time, of all in progress"),
            Self::SourcesHealthy => ("sources_healthy", Unit::Share, Fold::Share,
                "sources that answer, of all sources"),
            Self::EvidenceComplete => ("evidence_complete", Unit::Share, Fold::Share,
                "cards of which nothing that decides their place is unknown, of all cards"),
            Self::ReviewSpread => ("review_spread", Unit::Share, Fold::Largest,
                "the part of all reviews that came from one person: the smaller, the wider reviews are spread"),
            Self::BusFactor => ("bus_factor", Unit::Count, Fold::Half,
                "the fewest people who together wrote at least half of the merged changes of a service"),
            _ => ("review_pairs", Unit::Count, Fold::Parts,
                "different pairs of reviewer and author"),
        }
    }
}

#[rustfmt::skip]
fn in_stage(stage: Stage) -> (&'static str, Unit, Fold, &'static str) {
    let key = match stage {
        Stage::Plan => "cycle_time_plan",
        Stage::Code => "cycle_time_code",
        Stage::Build => "cycle_time_build",
        Stage::Test => "cycle_time_test",
        Stage::Release => "cycle_time_release",
        Stage::Deploy => "cycle_time_deploy",
        Stage::Operate => "cycle_time_operate",
        Stage::Monitor => "cycle_time_monitor",
    };
    (key, Unit::Seconds, Fold::Median,
        "the part of the cycle time in this stage, of cards that stood in it, every visit; median")
}
