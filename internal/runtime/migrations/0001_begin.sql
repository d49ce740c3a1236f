create table runtime_workload (
	id text primary key,
	component text not null,
	team text not null,
	environment text not null,
	artifact text not null,
	number text not null,
	created bigint not null,
	ready bigint not null
);
create table runtime_route (
	component text not null,
	environment text not null,
	sequence bigint not null,
	baseline text not null,
	canary text not null,
	rollout text not null,
	stage bigint not null,
	share double precision not null,
	split_key text not null,
	since bigint not null,
	primary key (component, environment)
);
