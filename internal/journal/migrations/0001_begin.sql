create table journal_fact (
	seq bigint primary key,
	id text not null unique,
	kind text not null,
	at bigint not null,
	actor text not null,
	actor_name text not null,
	subject text not null,
	data text not null,
	prev text not null,
	hash text not null
);
create index journal_fact_subject on journal_fact (subject, seq);
create index journal_fact_kind on journal_fact (kind, seq);
create table journal_cursor (
	name text primary key,
	seq bigint not null
);
