create table source_repository (
	component text primary key,
	team text not null,
	created bigint not null
);
create table source_ref (
	component text not null,
	ref text not null,
	sha text not null,
	moved bigint not null,
	primary key (component, ref)
);
create table source_push (
	push text not null,
	component text not null,
	ref text not null,
	before text not null,
	after text not null,
	actor text not null,
	actor_name text not null,
	at bigint not null,
	primary key (push, ref)
);
create index source_push_component on source_push (component, ref);
