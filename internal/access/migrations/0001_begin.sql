create table access_account (
	id text primary key,
	login text not null unique,
	name text not null,
	password text not null,
	roles text not null,
	active bigint not null,
	created bigint not null,
	version bigint not null
);
create table access_token (
	id text primary key,
	account text not null,
	kind text not null,
	name text not null,
	hash text not null unique,
	scopes text not null,
	created bigint not null,
	expires bigint not null,
	used bigint not null,
	revoked bigint not null
);
create index access_token_account on access_token (account, id);
create table access_member (
	team text not null,
	account text not null,
	primary key (team, account)
);
