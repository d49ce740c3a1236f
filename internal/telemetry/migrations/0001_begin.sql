create table telemetry_component (
	component text primary key,
	team text not null
);
create table telemetry_marker (
	id text primary key,
	component text not null,
	environment text not null,
	at bigint not null,
	kind text not null,
	subject text not null,
	release text not null,
	outcome text not null,
	text text not null
);
create index telemetry_marker_component on telemetry_marker (component, at);
create index telemetry_marker_subject on telemetry_marker (subject, at);
create table telemetry_canary (
	component text not null,
	environment text not null,
	release text not null,
	until bigint not null,
	primary key (component, environment, release)
);
create table telemetry_crash (
	id text primary key,
	component text not null,
	environment text not null,
	at bigint not null
);
create index telemetry_crash_at on telemetry_crash (at);
create table telemetry_alert (
	id text primary key,
	rule text not null,
	component text not null,
	team text not null,
	environment text not null,
	state text not null,
	text text not null,
	value double precision not null,
	since bigint not null,
	fired bigint not null,
	calm bigint not null,
	resolved bigint not null
);
create index telemetry_alert_component on telemetry_alert (component, id);
create unique index telemetry_alert_open on telemetry_alert (rule, component, environment) where state in ('pending', 'firing');
