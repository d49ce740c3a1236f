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
