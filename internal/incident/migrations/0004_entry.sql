alter table incident_entry add column environment text not null default '';
