create table telemetry_release (
	component text primary key,
	release text not null,
	rollout text not null,
	base text not null,
	since bigint not null,
	doc text not null,
	version bigint not null
);
