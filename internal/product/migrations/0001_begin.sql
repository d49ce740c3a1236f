create table product_product (
	id text primary key,
	name text not null,
	description text not null,
	owner text not null,
	created bigint not null,
	version bigint not null
);
create table product_feature (
	id text primary key,
	product text not null,
	initiative text not null,
	key_result text not null,
	title text not null,
	hypothesis text not null,
	predicted double precision,
	rank bigint not null,
	state text not null,
	since bigint not null,
	because text not null,
	proposed_by text not null,
	created bigint not null,
	version bigint not null
);
create index product_feature_product on product_feature (product, rank, id);
create index product_feature_initiative on product_feature (initiative, rank, id);
create table product_item (
	id text primary key,
	feature text not null,
	state text not null
);
create index product_item_feature on product_item (feature, id);
create table product_effect (
	feature text not null,
	rollout text not null,
	key_result text not null,
	component text not null,
	event text not null,
	estimate double precision not null,
	low double precision not null,
	high double precision not null,
	level double precision not null,
	units bigint not null,
	grade text not null,
	at bigint not null,
	primary key (feature, rollout, key_result)
);
create table product_rollout (
	id text primary key,
	outcome text not null
);
