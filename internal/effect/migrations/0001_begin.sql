create table effect_effect (
	id text primary key,
	key text not null unique,
	kind text not null,
	subject text not null,
	data text not null,
	state text not null,
	attempts bigint not null,
	error text not null,
	planned bigint not null,
	due bigint not null,
	done bigint not null,
	holder text not null,
	held_until bigint not null,
	decided_by text not null,
	reason text not null
);
create index effect_effect_due on effect_effect (state, due);
create index effect_effect_subject on effect_effect (subject, id);
