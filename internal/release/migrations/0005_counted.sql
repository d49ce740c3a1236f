-- Which units have been counted for what, in the order of the batches that they
-- came in: eight bytes of each unit's name, one after another. A row per unit and
-- metric, as in release_unit, costs two index entries each, at random places;
-- release_unit is read for the rollouts that were under way when this came.
create table release_counted (
	rollout text not null,
	seq bigint not null,
	metric text not null,
	units bytea not null,
	primary key (rollout, seq, metric)
);
-- What services told, until everything of that time can have come in: slot is the
-- end of the quarter of a second that it happened in, microseconds UTC.
create table release_pending (
	rollout text not null,
	slot bigint not null,
	metric text not null,
	stage bigint not null,
	arm text not null,
	units bigint not null,
	total double precision not null,
	squares double precision not null,
	primary key (rollout, slot, metric, stage, arm)
);
