// Package fact is the published language of the factory: the payload of every
// kind of fact. Payloads are additive for ever: a field may be added, never
// renamed, removed or given another meaning. Identifiers rather than copies;
// what a follower needs to act without asking is carried along.
package fact

// Payload is the content of a fact. Kind is "<subject>.<past-tense verb>".
type Payload interface{ Kind() string }

// All returns one zero payload of every kind, for decoding and for the check
// that each kind has a golden sample.
func All() []Payload {
	return []Payload{
		AccountCreated{}, AccountChanged{}, PasswordChanged{}, TokenCreated{}, TokenRevoked{},
		VisionSet{}, ObjectiveCreated{}, ObjectiveChanged{}, KeyResultCreated{}, KeyResultChanged{}, KeyResultMeasured{},
		InitiativeCreated{}, InitiativeChanged{}, InitiativeMoved{}, InitiativeDecided{},
		ProductCreated{}, ProductChanged{}, FeatureCreated{}, FeatureChanged{}, FeatureMoved{},
		TeamCreated{}, TeamChanged{}, TeamJoined{}, TeamLeft{},
		ItemCreated{}, ItemChanged{}, ItemMoved{}, ItemBlocked{}, BoardChanged{},
		PathPublished{}, PathCreated{}, PathPushed{}, PathRefused{}, PathWithdrawn{}, PathOffered{},
		UpgradeStarted{}, UpgradeAdvanced{}, UpgradePaused{}, UpgradeResumed{}, UpgradeFinished{}, ComponentPathUpgraded{}, ComponentUpgradeParked{},
		ComponentCreated{}, ComponentReady{},
		RepositoryCreated{}, CommitsPushed{}, PushRejected{},
		ChangeOpened{}, ChangeEdited{}, ChangeCommented{}, ChangeSettled{}, ChangeReviewed{}, ChangeQueued{}, ChangeUnqueued{}, ChangeMerged{}, ChangeClosed{}, ChangeReopened{},
		PreviewStarted{}, PreviewFailed{}, PreviewRemoved{},
		RunQueued{}, RunStarted{}, RunFinished{}, CheckQueued{}, CheckFinished{}, AgentJoined{}, AgentLost{}, AgentRemoved{},
		ArtifactPublished{}, ArtifactMarkedBad{}, ArtifactCleared{},
		DeploymentFinished{}, RolloutStarted{}, RolloutWidened{}, RolloutHeld{}, RolloutResumed{}, RolloutAsked{}, RolloutApproved{}, RolloutDecided{}, RolloutFinished{}, EffectMeasured{},
		ReleaseAssembled{}, ReleaseFinished{},
		WorkloadReady{}, WorkloadCrashed{}, WorkloadUnhealthy{}, WorkloadRestarted{}, WorkloadStopped{}, JobStarted{}, JobFinished{},
		AlertFired{}, AlertResolved{},
		IncidentOpened{}, IncidentJoined{}, IncidentNoted{}, IncidentResolved{}, IncidentFollowedUp{}, ReviewChanged{}, ReviewPublished{},
		FlagCreated{}, FlagChanged{}, FlagSwitched{}, FlagArchived{},
		FreezeDeclared{}, FreezeLifted{}, UnitsRecorded{}, UnitsForgotten{}, VariablesChanged{}, VariablesRekeyed{}, ArtifactsRekeyed{}, ScaleChanged{},
		ResourceProvisioned{}, ResourceFailed{}, ResourceDeleted{}, RatesChanged{},
	}
}
