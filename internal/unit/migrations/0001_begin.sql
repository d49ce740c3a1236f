create table unit_unit (
	id text primary key,
	attributes text not null,
	recorded bigint not null
);
