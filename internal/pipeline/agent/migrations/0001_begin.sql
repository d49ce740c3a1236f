create table agent_agent (
	id text primary key,
	name text not null unique,
	created bigint not null,
	created_by text not null,
	token text not null,
	token_until bigint not null,
	joined bigint not null,
	expires bigint not null,
	seen bigint not null,
	lost bigint not null,
	stopped bigint not null,
	draining bigint not null,
	host text not null
);
