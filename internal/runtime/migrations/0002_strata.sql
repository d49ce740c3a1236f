-- Stages may be for some units only; share is of no use any more.
alter table runtime_route add column strata text not null default '[]';
alter table runtime_route add column preview text not null default '{}';
update runtime_route set strata = '[{"stage":' || stage || ',"share":' || share || '}]' where canary <> '';
