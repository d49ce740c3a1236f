create table incident_incident (
	id text primary key,
	title text not null,
	state text not null,
	component text not null,
	team text not null,
	environment text not null,
	cause text not null,
	awaits_fix bigint not null,
	rollout text not null,
	artifact text not null,
	release text not null,
	commit_id text not null,
	commit_title text not null,
	items text not null,
	reason text not null,
	log_e double precision not null,
	alpha double precision not null,
	began bigint not null,
	opened bigint not null,
	resolved bigint not null,
	resolved_because text not null,
	resolved_by text not null
);
create index incident_incident_state on incident_incident (state, id);
create index incident_incident_component on incident_incident (component, environment, state);
create index incident_incident_team on incident_incident (team, id);
create table incident_alert (
	incident text not null,
	alert text not null,
	firing bigint not null,
	primary key (incident, alert)
);
create table incident_component (
	component text primary key,
	team text not null,
	rollout text not null,
	artifact text not null,
	release text not null,
	commit_id text not null,
	commit_title text not null,
	items text not null
);
create table incident_entry (
	component text not null,
	incident text not null,
	at bigint not null,
	seq bigint not null,
	kind text not null,
	text text not null,
	subject text not null,
	actor text not null
);
create index incident_entry_component on incident_entry (component, at, seq);
