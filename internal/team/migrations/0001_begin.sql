create table team_team (
	id text primary key,
	name text not null,
	item_key text not null unique,
	mission text not null,
	day_rate bigint not null,
	created bigint not null,
	version bigint not null
);
create table team_component (
	component text primary key,
	team text not null
);
create index team_component_team on team_component (team, component);
create table team_count (
	team text primary key,
	ready bigint not null,
	in_work bigint not null,
	done bigint not null
);
