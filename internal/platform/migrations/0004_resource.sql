-- What parts of the platform keep from everybody, sealed as secrets are.
create table platform_sealed (
	name text primary key,
	value text not null,
	key_id text not null
);
-- What was provisioned for a component in an environment. size is how much fits
-- into a volume; used is when a workload began to use it last.
create table platform_resource (
	component text not null,
	environment text not null,
	name text not null,
	type text not null,
	size bigint not null,
	bytes bigint not null,
	created bigint not null,
	used bigint not null,
	primary key (component, environment, name)
);
-- Which workloads were given it; of those that are gone nobody takes notice.
create table platform_resource_use (
	workload text not null,
	component text not null,
	environment text not null,
	name text not null,
	primary key (workload, name)
);
