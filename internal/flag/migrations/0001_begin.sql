create table flag_flag (
	id text primary key,
	component text not null,
	key text not null,
	team text not null,
	title text not null,
	description text not null,
	feature text not null,
	created bigint not null,
	archived bigint not null,
	archived_reason text not null,
	version bigint not null
);
create index flag_flag_component on flag_flag (component, id);
create index flag_flag_feature on flag_flag (feature, id);
create table flag_setting (
	flag text not null,
	environment text not null,
	state text not null,
	share bigint not null,
	units text not null,
	changed bigint not null,
	changed_by text not null,
	reason text not null,
	primary key (flag, environment)
);
create table flag_revision (
	id bigint primary key,
	revision bigint not null
);
insert into flag_revision (id, revision) values (1, 0);
