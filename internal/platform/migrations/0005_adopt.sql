-- adopted is how a component came whose repository was there before; empty for
-- one whose first commit was rendered.
alter table platform_component add column adopted text not null default '';
