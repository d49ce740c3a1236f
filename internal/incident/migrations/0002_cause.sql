create table incident_cause (
	incident text not null,
	seq bigint not null,
	at bigint not null,
	cause text not null,
	text text not null,
	rollout text not null,
	primary key (incident, seq)
);
create table incident_burn (
	incident text primary key,
	doc text not null
);
create table incident_change (
	id text primary key,
	component text not null,
	environment text not null,
	at bigint not null,
	subject text not null,
	text text not null,
	release text not null,
	commit_id text not null,
	commit_title text not null,
	items text not null,
	actor text not null
);
create index incident_change_component on incident_change (component, environment, at);
