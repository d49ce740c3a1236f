create table platform_variable_revision (
	component text not null,
	environment text not null,
	revision bigint not null,
	by_name text not null,
	changed bigint not null,
	primary key (component, environment, revision)
);
-- One row for each change of a key: its value since that revision. key_id names
-- the key that sealed the value of a secret; erased values are gone for good.
create table platform_variable (
	component text not null,
	environment text not null,
	name text not null,
	revision bigint not null,
	secret smallint not null,
	removed smallint not null,
	value text not null,
	key_id text not null,
	primary key (component, environment, name, revision)
);
create index platform_variable_sealed on platform_variable (key_id) where key_id <> '';
-- The key that seals, in one row, whose lock puts who seals and who rotates one
-- after another.
create table platform_variable_key (
	one smallint primary key,
	key_id text not null
);
