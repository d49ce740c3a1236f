alter table release_rollout add column approvals text not null default '';
-- Who takes part in a stage of a rollout, by the names that the split gives
-- units: a cohort does not change once it is made.
create table release_member (
	rollout text not null,
	stage bigint not null,
	unit text not null,
	primary key (rollout, stage, unit)
);
create table release_freeze (
	id text primary key,
	name text not null,
	reason text not null,
	team text not null,
	component text not null,
	begins bigint not null,
	ends bigint not null,
	declared_by text not null,
	declared bigint not null,
	lifted bigint not null,
	lifted_by text not null,
	lifted_reason text not null
);
create index release_freeze_ends on release_freeze (ends);
