create table thread_node (
	subject text primary key,
	kind text not null,
	id text not null,
	short text not null,
	title text not null,
	state text not null,
	text text not null,
	team text not null,
	component text not null,
	at bigint not null,
	words text not null
);
create index thread_node_short on thread_node (short, kind);
create index thread_node_words on thread_node (at, subject, words);
create index thread_node_team on thread_node (team, kind, at);
create index thread_node_component on thread_node (component, kind, at);
create table thread_edge (
	from_subject text not null,
	to_subject text not null,
	relation text not null,
	at bigint not null,
	primary key (from_subject, to_subject)
);
create index thread_edge_to on thread_edge (to_subject, at);
create index thread_edge_from on thread_edge (from_subject, at);
