create table platform_path (
	name text not null,
	version text not null,
	published bigint not null,
	primary key (name, version)
);
create table platform_component (
	name text primary key,
	team text not null,
	description text not null,
	path text not null,
	path_version text not null,
	created bigint not null,
	ready bigint not null,
	version bigint not null
);
create index platform_component_team on platform_component (team, name);
create table platform_environment (
	component text not null,
	name text not null,
	primary key (component, name)
);
create table platform_step (
	component text not null,
	step text not null,
	state text not null,
	text text not null,
	subject text not null,
	at bigint not null,
	primary key (component, step)
);
