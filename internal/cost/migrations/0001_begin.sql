-- What a component used at a place in an hour.
create table cost_use (
	component text not null,
	place text not null,
	hour bigint not null,
	team text not null,
	cpu_seconds double precision not null,
	memory_gb_hours double precision not null,
	storage_gb_hours double precision not null,
	build_minutes double precision not null,
	primary key (component, place, hour)
);
create index cost_use_hour on cost_use (hour);
-- What all processes used that the factory started.
create table cost_children (
	hour bigint primary key,
	cpu_seconds double precision not null
);
create table cost_rate (
	one bigint primary key,
	cpu_hour double precision not null,
	memory_gb_hour double precision not null,
	storage_gb_month double precision not null,
	build_minute double precision not null,
	currency text not null,
	version bigint not null,
	by_name text not null,
	changed bigint not null
);
