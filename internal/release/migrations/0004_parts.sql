-- Several rollouts that go together or not at all.
create table release_release (
	id text primary key,
	name text not null,
	state text not null,
	reason text not null,
	why text not null,
	cause text not null,
	by_hand text not null,
	split_key text not null,
	links text not null,
	created bigint not null,
	finished bigint not null,
	version bigint not null
);
create index release_release_state on release_release (state, id);
create table release_part (
	release_id text not null,
	place bigint not null,
	rollout text not null,
	component text not null,
	team text not null,
	artifact text not null,
	number text not null,
	primary key (release_id, place)
);
create unique index release_part_rollout on release_part (rollout);
-- What artifacts provide and require; none for those that do neither.
create table release_needs (
	artifact text primary key,
	component text not null,
	number text not null,
	needs text not null
);
-- Who decides what goes together takes turns, so that two never decide for the
-- same components at once.
create table release_turn (
	id bigint primary key,
	taken bigint not null
);
insert into release_turn (id, taken) values (1, 0);
-- Whose part a rollout is, when its workload had proved itself, and the rollout
-- of the part that took it back.
alter table release_rollout add column release_id text not null default '';
alter table release_rollout add column ready bigint not null default 0;
alter table release_rollout add column cause text not null default '';
