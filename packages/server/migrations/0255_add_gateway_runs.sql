-- Which start of a gateway is the one that counts: a copy of its volume, or an older one put back, can't name it.
alter table gateways add column run text check (run ~ '^[A-Za-z0-9_-]{22}$');
